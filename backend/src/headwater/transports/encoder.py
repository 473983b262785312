"""The interface of every streamed transport; `ENCODERS` in `api/streaming.py` lists those of `/api/chat`."""

from typing import ClassVar, Protocol

from headwater.generation.log import Cursor, Page


class Encoder(Protocol):
    """Turns the pages of one generation into the bytes of one response. The same pages give the same bytes.

    It is created for one response. An encoder with state gets all pages from the first one on.
    """

    media_type: ClassVar[str]

    def opening(self, after: Cursor) -> bytes:
        """The first bytes of a response, sent at once; `after` is the cursor that it starts from."""
        ...

    def page(self, page: Page) -> bytes:
        """The bytes of a page; a page without events and outcome is a heartbeat."""
        ...
