"""The AI SDK's UI message stream, version 1: what its `useChat` reads.

Its reader refuses parts that it does not know, and takes a response that merely ends for a complete one: so
`finish` always comes last, whatever happened.
"""

from typing import ClassVar, Literal, assert_never

import msgspec

from headwater.generation.events import Cancelled, Completed, Failed, FinishReason, Interrupted, Outcome
from headwater.generation.log import Cursor, Page
from headwater.transports.openai_error import INTERRUPTED
from headwater.transports.sse import HEARTBEAT
from headwater.transports.wire import JsonObject, Opening, Run, runs

DONE = b"data: [DONE]\n\n"

_PART: dict[Literal["token", "reasoning"], str] = {"token": "text", "reasoning": "reasoning"}
_FINISH: dict[FinishReason, str] = {"stop": "stop", "length": "length", "content_filter": "content-filter"}

_encode = msgspec.json.Encoder().encode


class UiMessageEncoder:
    """See `Encoder`; for one response, whose pages it is given from the first one on."""

    media_type: ClassVar[str] = "text/event-stream"

    def __init__(self) -> None:
        self._open: str | None = None
        self._count = 0

    def opening(self, opening: Opening, after: Cursor) -> bytes:  # noqa: ARG002
        """See `Encoder.opening`; the generation is named so that it can be cancelled."""
        named = {"generation": opening.generation, "model": opening.model}
        return _data({"type": "start", "messageId": opening.message, "messageMetadata": named})

    def page(self, generation: str, page: Page) -> bytes:  # noqa: ARG002
        """See `Encoder.page`."""
        said = [part for run in runs(page) for part in self._run(run)]
        if page.outcome is not None:
            said += [*self._close(), *_end(page.outcome)]
        ended = DONE if page.outcome is not None else b""
        return b"".join(map(_data, said)) + ended or HEARTBEAT

    def _run(self, run: Run) -> list[JsonObject]:
        """A run of the kind that is open goes on with its part; another one begins the next."""
        kind, opened = _PART[run.event], []
        if self._open != kind:
            opened = self._close()
            self._open = kind
            self._count += 1
            opened.append(self._part(f"{kind}-start"))
        return [*opened, {**self._part(f"{kind}-delta"), "delta": run.text}]

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


def _data(part: JsonObject) -> bytes:
    return b"data: %b\n\n" % _encode(part)
