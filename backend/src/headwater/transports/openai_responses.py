"""OpenAI's responses: numbered server-sent events, or one object.

A reader resumes after the number of an event. So a number says nothing but where in the log its event stands
and what kind it is, and the same log has the same numbers however it is cut into pages: each event of the log
has a block of them, the first block is for what comes before, the one behind the last event for the end.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal, TypeAlias, assert_never

import msgspec

from headwater.generation.events import Cancelled, Completed, Event, Failed, Interrupted, Outcome, Usage
from headwater.generation.log import Cursor, Page
from headwater.transports.openai_error import INTERRUPTED
from headwater.transports.sse import HEARTBEAT
from headwater.transports.wire import JsonObject, Opening, Run, runs

BLOCK: Final = 10
"""Numbers that belong to one event of the log."""

# Places in a block: what is closed before its event, what is opened for it, itself; after the last, the end.
_TEXT_DONE, _PART_DONE, _ITEM_DONE, _ITEM_ADDED, _PART_ADDED, _DELTA, _END = range(7)
_CREATED, _IN_PROGRESS = 0, 1

Number: TypeAlias = int
ItemStatus: TypeAlias = Literal["in_progress", "completed", "incomplete"]

_encode = msgspec.json.Encoder().encode


def number_at(cursor: Cursor) -> Number:
    """The number of the delta that brings a reader to a cursor."""
    return cursor * BLOCK + _DELTA


def cursor_before(number: Number) -> Cursor:
    """The cursor of a reader who has seen the events up to this number."""
    block, place = divmod(number, BLOCK)
    return max(0, block if place == _DELTA else block - 1)


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """What a response is, whatever it says: `created` in seconds since 1970, `previous` the id of another."""

    id: str
    message: str
    model: str
    created: int
    previous: str | None
    stored: bool


@dataclass(slots=True)
class _Item:
    """A part of the output: neighbouring events of one kind."""

    kind: Literal["token", "reasoning"]
    id: str
    texts: list[str] = field(default_factory=list)

    @property
    def text_type(self) -> str:
        """What its text is called, in the names of events and in itself."""
        return "output_text" if self.kind == "token" else "reasoning_text"

    @property
    def text(self) -> str:
        """All that it says so far."""
        return "".join(self.texts)

    def part(self, text: str) -> JsonObject:
        """Its content, which has one part."""
        marks: JsonObject = {"annotations": [], "logprobs": []} if self.kind == "token" else {}
        return {"type": self.text_type, "text": text, **marks}

    def object(self, status: ItemStatus) -> JsonObject:
        """Itself; it has no content before it says something."""
        said = {"status": status, "content": [self.part(self.text)] if self.texts else []}
        if self.kind == "token":
            return {"id": self.id, "type": "message", "role": "assistant", **said}
        return {"id": self.id, "type": "reasoning", "summary": [], **said}


class OpenAIResponsesEncoder:
    """See `Encoder`; for one response, whose pages it is given from the first one on.

    A reader who has seen the number `after` gets only what comes then.
    """

    media_type: ClassVar[str] = "text/event-stream"

    def __init__(self, head: ResponseHead, after: Number = -1) -> None:
        self._head = head
        self._after = after
        self._items: list[_Item] = []

    def opening(self, opening: Opening, after: Cursor) -> bytes:  # noqa: ARG002
        """See `Encoder.opening`."""
        response = _response(self._head, (), None)
        parts = [
            *self._event(_CREATED, "response.created", response=response),
            *self._event(_IN_PROGRESS, "response.in_progress", response=response),
        ]
        return b"".join(parts) or HEARTBEAT

    def page(self, generation: str, page: Page) -> bytes:  # noqa: ARG002
        """See `Encoder.page`."""
        parts = [
            part for run, first in _runs(page, cursor_before(self._after)) for part in self._run(run, first)
        ]
        if page.outcome is not None:
            parts += self._end(page.cursor + 1, page.outcome)
        return b"".join(parts) or HEARTBEAT

    def _run(self, run: Run, first: Cursor) -> Iterator[bytes]:
        """What a run says, whose first event has the cursor `first` behind it."""
        if not self._items or self._items[-1].kind != run.event:
            yield from self._close(first, "completed")
            self._items.append(_item(self._head, run.event, len(self._items)))
            yield from self._open(first)
        self._items[-1].texts.append(run.text)
        yield from self._text_event(number_at(run.cursor), "delta", delta=run.text)

    def _open(self, cursor: Cursor) -> Iterator[bytes]:
        item, start = self._items[-1], cursor * BLOCK
        yield from self._item_event(start + _ITEM_ADDED, "output_item.added", item=item.object("in_progress"))
        yield from self._part_event(start + _PART_ADDED, "content_part.added", part=item.part(""))

    def _close(self, cursor: Cursor, status: ItemStatus) -> Iterator[bytes]:
        if self._items:
            item, start = self._items[-1], cursor * BLOCK
            yield from self._text_event(start + _TEXT_DONE, "done", text=item.text)
            yield from self._part_event(start + _PART_DONE, "content_part.done", part=item.part(item.text))
            yield from self._item_event(start + _ITEM_DONE, "output_item.done", item=item.object(status))

    def _end(self, cursor: Cursor, outcome: Outcome) -> Iterator[bytes]:
        response = _response(self._head, self._items, outcome)
        yield from self._close(cursor, _last_status(outcome))
        ended = "incomplete" if response["status"] == "cancelled" else response["status"]
        yield from self._event(cursor * BLOCK + _END, f"response.{ended}", response=response)

    def _item_event(self, number: Number, name: str, **members: Any) -> Iterator[bytes]:  # noqa: ANN401
        yield from self._event(number, f"response.{name}", output_index=len(self._items) - 1, **members)

    def _part_event(self, number: Number, name: str, **members: Any) -> Iterator[bytes]:  # noqa: ANN401
        yield from self._item_event(number, name, item_id=self._items[-1].id, content_index=0, **members)

    def _text_event(self, number: Number, name: str, **members: Any) -> Iterator[bytes]:  # noqa: ANN401
        item = self._items[-1]
        marks: JsonObject = {"logprobs": []} if item.kind == "token" else {}
        yield from self._part_event(number, f"{item.text_type}.{name}", **members, **marks)

    def _event(self, number: Number, type_: str, **members: Any) -> Iterator[bytes]:  # noqa: ANN401
        if number > self._after:
            data = _encode({"type": type_, "sequence_number": number, **members})
            yield b"event: %b\ndata: %b\n\n" % (type_.encode(), data)


def response_object(head: ResponseHead, events: Iterable[Event], outcome: Outcome | None) -> JsonObject:
    """A response as it stands; without an outcome it is in progress."""
    said = tuple(events)
    items: list[_Item] = []
    for run in runs(Page(said, len(said))):
        items.append(_item(head, run.event, len(items)))
        items[-1].texts.append(run.text)
    return _response(head, items, outcome)


def _runs(page: Page, seen: Cursor) -> Iterator[tuple[Run, Cursor]]:
    """The runs of a page, each with the cursor behind its first event; none goes over what has been seen."""
    start = page.cursor - len(page.events)
    cut = min(max(seen - start, 0), len(page.events))
    for part in (Page(page.events[:cut], start + cut), Page(page.events[cut:], page.cursor)):
        first = part.cursor - len(part.events) + 1
        for run in runs(part):
            yield run, first
            first = run.cursor + 1


def _item(head: ResponseHead, kind: Literal["token", "reasoning"], place: int) -> _Item:
    prefix = "msg" if kind == "token" else "rs"
    return _Item(kind, f"{prefix}_{head.message.removeprefix('msg_')}_{place}")


def _response(head: ResponseHead, items: Sequence[_Item], outcome: Outcome | None) -> JsonObject:
    output = [item.object("completed") for item in items[:-1]]
    output += [item.object(_last_status(outcome)) for item in items[-1:]]
    return {
        "id": head.id,
        "object": "response",
        "created_at": head.created,
        **_status(outcome),
        "instructions": None,
        "max_output_tokens": None,
        "metadata": {},
        "model": head.model,
        "output": output,
        "parallel_tool_calls": False,
        "previous_response_id": head.previous,
        "reasoning": {"effort": None, "summary": None},
        "store": head.stored,
        "temperature": None,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "truncation": "auto",
        "usage": None if outcome is None or outcome.usage is None else _usage(outcome.usage),
    }


def _last_status(outcome: Outcome | None) -> ItemStatus:
    if outcome is None:
        return "in_progress"
    return "completed" if outcome.status == Completed("stop") else "incomplete"


def _status(outcome: Outcome | None) -> JsonObject:
    status, error, details = "in_progress", None, None
    match None if outcome is None else outcome.status:
        case None:
            pass
        case Completed("stop"):
            status = "completed"
        case Completed(reason):
            status = "incomplete"
            details = {"reason": "max_output_tokens" if reason == "length" else reason}
        case Cancelled():
            status = "cancelled"
        case Failed(code, message, _):
            limited = code == "provider_rate_limited"
            error = {"code": "rate_limit_exceeded" if limited else "server_error", "message": message}
            status = "failed"
        case Interrupted():
            error = {"code": "server_error", "message": INTERRUPTED}
            status = "failed"
        case other:
            assert_never(other)
    return {"status": status, "error": error, "incomplete_details": details}


def _usage(usage: Usage) -> JsonObject:
    """What was counted; what is not told apart counts as none, because clients read these members unasked."""
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }
