"""What every streamed transport can do."""

from typing import ClassVar, Protocol

from headwater.generation.log import Cursor, Page
from headwater.transports.wire import Opening


class Encoder(Protocol):
    """Turns the pages of one generation into the bytes of one response. Pure: the same pages, the same bytes.

    One that has to remember something is made for one response and given all its pages.
    """

    media_type: ClassVar[str]

    def opening(self, opening: Opening, after: Cursor) -> bytes:
        """The first bytes of a response, sent at once; `after` is the cursor it starts from."""
        ...

    def page(self, generation: str, page: Page) -> bytes:
        """A page; one without events and outcome is a heartbeat."""
        ...
