"""Server-sent events (WHATWG HTML, section 9.2).

Tokens have no event name, so an `EventSource` with only `onmessage` receives the text. A reader can resume
from every id. The comment and the `retry` line at the top make proxies forward the headers before the first
token.
"""

from typing import Any, ClassVar, Literal

import msgspec

from headwater.generation.codec import outcome_object
from headwater.generation.log import Cursor, Page
from headwater.generation.parts import Text
from headwater.transports.wire import END, Opening, event_id, joined, opening_object

RECONNECT_MS = 1000
"""Milliseconds that an `EventSource` waits before it reconnects."""

OPENING = b": headwater\nretry: %d\n\n" % RECONNECT_MS
"""The first bytes of every answer."""

HEARTBEAT = b": heartbeat\n\n"
"""A comment, sent while there are no events."""

_encode = msgspec.json.Encoder().encode


class SseEncoder:
    """See `Encoder`."""

    media_type: ClassVar[str] = "text/event-stream"

    def opening(self, opening: Opening, after: Cursor) -> bytes:
        """See `Encoder.opening`."""
        start = _event("start", opening.generation, after, opening_object(opening))
        return OPENING + start

    def page(self, generation: str, page: Page) -> bytes:
        """See `Encoder.page`."""
        parts = [
            _event(
                None if isinstance(event, Text) else event.event, generation, cursor, event.event_members()
            )
            for event, cursor in joined(page)
        ]
        if page.outcome is not None:
            parts.append(_event("outcome", generation, END, outcome_object(page.outcome)))
        return b"".join(parts) or HEARTBEAT


def sse_event(name: str, data: Any) -> bytes:  # noqa: ANN401
    """An event without an id, for streams that are not logs."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _encode(data))


def _event(name: str | None, generation: str, cursor: Cursor | Literal["end"], data: Any) -> bytes:  # noqa: ANN401
    event_line = "" if name is None else f"event: {name}\n"
    head = f"id: {event_id(generation, cursor)}\n{event_line}data: "
    return b"%b%b\n\n" % (head.encode(), _encode(data))
