"""WebSocket frames: the objects of NDJSON, each in a text frame of its own."""

import msgspec

from headwater.generation.codec import JsonObject
from headwater.generation.log import Cursor, Page
from headwater.transports.wire import Opening, framed_page, framed_start

_encode = msgspec.json.Encoder().encode


def start_frame(opening: Opening, after: Cursor, request: str | None) -> str:
    """The first frame of a reply on a socket; `after` is the cursor it starts from."""
    return _frame(framed_start(opening, after), request)


def page_frames(generation: str, page: Page) -> list[str]:
    """A page; one without events and outcome is a heartbeat."""
    return [_frame(found) for found in framed_page(generation, page)]


def answer_frame(event: str, said: JsonObject, request: str | None) -> str:
    """What is said to an action that starts or follows nothing."""
    return _frame({"event": event, **said}, request)


def _frame(said: JsonObject, request: str | None = None) -> str:
    """`request` is the client's own name for the action that is answered."""
    return _encode(said if request is None else {**said, "request": request}).decode()
