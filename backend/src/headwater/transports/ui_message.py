"""The AI SDK's UI message stream, version 1, which its `useChat` reads.

Its reader rejects unknown parts, and treats a response that just ends as complete. So every response ends
with `finish`, whatever the outcome.
"""

from typing import ClassVar, assert_never

from headwater.conversations.model import GenerationRecord
from headwater.generation.codec import FIRST_KINDS, JsonObject
from headwater.generation.log import Cursor, Page
from headwater.generation.outcome import Cancelled, Completed, Failed, FinishReason, Interrupted, Outcome
from headwater.generation.parts import Event
from headwater.transports.openai_error import INTERRUPTED
from headwater.transports.sse import DONE, HEARTBEAT, sse_event
from headwater.transports.wire import joined

_FINISH: dict[FinishReason, str] = {"stop": "stop", "length": "length", "content_filter": "content-filter"}


class UiMessageEncoder:
    """See `Encoder`; has state."""

    media_type: ClassVar[str] = "text/event-stream"

    def __init__(self, generation: GenerationRecord) -> None:
        self._generation = generation
        self._open: str | None = None
        self._count = 0

    def opening(self, after: Cursor) -> bytes:  # noqa: ARG002
        """See `Encoder.opening`; the metadata has the generation's id, so that the page can cancel it."""
        metadata = {"generation": self._generation.id, "model": self._generation.model}
        return sse_event(
            None, {"type": "start", "messageId": self._generation.message, "messageMetadata": metadata}
        )

    def page(self, page: Page) -> bytes:
        parts = [part for event, _ in joined(page) for part in self._event(event)]
        if page.outcome is not None:
            parts += [*self._close(), *_end(page.outcome)]
        done = DONE if page.outcome is not None else b""
        return b"".join(sse_event(None, part) for part in parts) + done or HEARTBEAT

    def _event(self, event: Event) -> list[JsonObject]:
        """The stream parts of an event; where the kind changes, they close the open text and start the next.

        The SDK streams text; other kinds become its `data-…` parts, which any page may read.
        """
        if not isinstance(event, FIRST_KINDS):
            return [*self._close(), {"type": f"data-{event.type}", "data": event.members()}]
        opened = []
        if self._open != event.type:
            opened = self._close()
            self._open = event.type
            self._count += 1
            opened.append(self._part(f"{event.type}-start"))
        return [*opened, {**self._part(f"{event.type}-delta"), "delta": event.text}]

    def _close(self) -> list[JsonObject]:
        closed = [] if self._open is None else [self._part(f"{self._open}-end")]
        self._open = None
        return closed

    def _part(self, type_: str) -> JsonObject:
        return {"type": type_, "id": str(self._count)}


def _end(outcome: Outcome) -> list[JsonObject]:
    match outcome.status:
        case Completed(reason):
            return [_finish(_FINISH[reason])]
        case Cancelled(by):
            return [{"type": "abort", "reason": by}, _finish("other")]
        case Failed():
            return [{"type": "error", "errorText": outcome.status.message}, _finish("error")]
        case Interrupted():
            return [{"type": "error", "errorText": INTERRUPTED}, _finish("error")]
        case other:
            assert_never(other)


def _finish(reason: str) -> JsonObject:
    return {"type": "finish", "finishReason": reason}
