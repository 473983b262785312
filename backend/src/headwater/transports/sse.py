"""Server-sent events (WHATWG HTML, section 9.2).

Tokens have no event name, so an `EventSource` with only `onmessage` receives the text. A reader can resume
from every id. The comment and the `retry` line at the top make proxies forward the headers before the first
token. Comments belong to the event after them, because some clients dispatch a block that has no data.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from headwater.conversations.model import GenerationRecord
from headwater.generation.codec import JsonObject, outcome_object
from headwater.generation.kinds.text import Text
from headwater.generation.log import Cursor, Page
from headwater.transports.wire import END, encode_json, event_id, joined, start_members

RECONNECT_MS = 1000
"""Milliseconds that an `EventSource` waits before it reconnects."""

OPENING = b": headwater\nretry: %d\n" % RECONNECT_MS
"""The first bytes of every answer."""

HEARTBEAT = b": heartbeat\n"
"""A comment, sent while there are no events."""

DONE = b"data: [DONE]\n\n"
"""The last event of streams whose readers need to be told that it is the last."""


@dataclass(frozen=True, slots=True)
class SseEncoder:
    """See `Encoder`."""

    media_type: ClassVar[str] = "text/event-stream"

    generation: GenerationRecord

    def opening(self, after: Cursor) -> bytes:
        return OPENING + self._event("start", after, start_members(self.generation))

    def page(self, page: Page) -> bytes:
        parts = [
            self._event(None if isinstance(event, Text) else event.event, cursor, event.event_members())
            for event, cursor in joined(page)
        ]
        if page.outcome is not None:
            parts.append(self._event("outcome", END, outcome_object(page.outcome)))
        return b"".join(parts) or HEARTBEAT

    def _event(self, name: str | None, cursor: Cursor | Literal["end"], data: JsonObject) -> bytes:
        return f"id: {event_id(self.generation.id, cursor)}\n".encode() + sse_event(name, data)


def sse_event(name: str | None, data: JsonObject) -> bytes:
    """An event without an id, as in streams that are not logs; without a name, it is a message."""
    event_line = b"" if name is None else b"event: %b\n" % name.encode()
    return b"%bdata: %b\n\n" % (event_line, encode_json(data))
