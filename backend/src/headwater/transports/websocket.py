"""WebSocket frames: the objects of NDJSON, each in a text frame."""

from headwater.conversations.model import GenerationRecord
from headwater.generation.codec import JsonObject
from headwater.generation.log import Cursor, Page
from headwater.transports.wire import encode_json, framed_page, framed_start


def start_frame(generation: GenerationRecord, after: Cursor, request: str | None) -> str:
    """The first frame of a reply; `after` is the cursor that it starts from."""
    return _frame(framed_start(generation, after), request)


def page_frames(generation: str, page: Page) -> list[str]:
    """The frames of a page; a page without events and outcome is a heartbeat."""
    return [_frame(members) for members in framed_page(generation, page)]


def answer_frame(event: str, members: JsonObject, request: str | None) -> str:
    """The answer to an action that does not follow a reply."""
    return _frame({"event": event, **members}, request)


def _frame(members: JsonObject, request: str | None = None) -> str:
    """`request` is the client's own name for the action that is answered."""
    return encode_json(members if request is None else {**members, "request": request}).decode()
