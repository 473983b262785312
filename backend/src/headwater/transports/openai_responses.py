"""OpenAI's responses: numbered server-sent events, or one object.

A reader resumes after the number of an event. Numbers count from 0, and each event of the log becomes a delta
of its own, so the numbers do not depend on how the log is divided into pages.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias, assert_never

from headwater.conversations.model import GenerationRecord
from headwater.generation.codec import JsonObject
from headwater.generation.kinds.reasoning import Reasoning, ReasoningEnd
from headwater.generation.kinds.text import Text
from headwater.generation.log import Cursor, Page
from headwater.generation.outcome import Cancelled, Completed, Failed, Interrupted, Outcome, Usage
from headwater.generation.parts import Event, Part, TextPart, fold
from headwater.transports.openai_error import INTERRUPTED
from headwater.transports.sse import HEARTBEAT, sse_event

Number: TypeAlias = int
ItemStatus: TypeAlias = Literal["in_progress", "completed", "incomplete"]

RESPONSE, GENERATION = "resp_", "gen_"
"""The prefixes of the ids of a response and its generation; the rest of both ids is the same."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a response represents a kind of part: as an item of the output with one content.

    The rest of the message's id and a number follow `id_prefix`. `is_input` says whether a model gets the
    item again.
    """

    item_type: str
    id_prefix: str
    text_type: str
    item_members: JsonObject
    content_members: JsonObject
    text_members: JsonObject
    is_input: bool = True


_KINDS: dict[type[Part], _Kind] = {
    Text: _Kind(
        "message",
        "msg_",
        "output_text",
        {"role": "assistant"},
        {"annotations": [], "logprobs": []},
        {"logprobs": []},
    ),
    Reasoning: _Kind("reasoning", "rs_", "reasoning_text", {"summary": []}, {}, {}, is_input=False),
}
"""The kinds that a response can represent; other kinds are omitted."""


@dataclass(slots=True)
class _Item:
    """An item of the output, for one part of the reply."""

    kind: _Kind
    id: str
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its text so far."""
        return "".join(self.texts)

    def content(self, text: str) -> JsonObject:
        """Its one content, with the given text."""
        return {"type": self.kind.text_type, "text": text, **self.kind.content_members}

    def object(self, status: ItemStatus) -> JsonObject:
        """The JSON object of the item; without text it has no content."""
        return {
            "id": self.id,
            "type": self.kind.item_type,
            **self.kind.item_members,
            "status": status,
            "content": [self.content(self.text)] if self.texts else [],
        }


class OpenAIResponsesEncoder:
    """See `Encoder`; has state. `previous` is the id of the response that this one continues.

    Omits the events up to the number `after`, which the reader has seen.
    """

    media_type: ClassVar[str] = "text/event-stream"

    def __init__(self, generation: GenerationRecord, previous: str | None, after: float = -1) -> None:
        self._generation = generation
        self._previous = previous
        self._after = after
        self._items: list[_Item] = []
        self._last: Event | None = None
        self.next_number: Number = 0

    def opening(self, after: Cursor) -> bytes:  # noqa: ARG002
        response = _response(self._generation, self._previous, (), None)
        parts = [
            *self._event("response.created", response=response),
            *self._event("response.in_progress", response=response),
        ]
        return b"".join(parts) or HEARTBEAT

    def page(self, page: Page) -> bytes:
        parts = [part for event in page.events for part in self._log_event(event)]
        if page.outcome is not None:
            parts += self._end(page.outcome)
        return b"".join(parts) or HEARTBEAT

    def _log_event(self, event: Event) -> Iterator[bytes]:
        is_continued = self._last is not None and event.continues(self._last)
        self._last = event
        if isinstance(event, ReasoningEnd):
            _make_reasoning(self._items)
        if not isinstance(event, TextPart) or type(event) not in _KINDS:
            return
        if not is_continued:
            yield from self._close("completed")
            self._items.append(_item(self._generation, event, len(self._items)))
            item = self._items[-1]
            yield from self._item_event("output_item.added", item=item.object("in_progress"))
            yield from self._content_event("content_part.added", part=item.content(""))
        self._items[-1].texts.append(event.text)
        yield from self._text_event("delta", delta=event.text)

    def _close(self, status: ItemStatus) -> Iterator[bytes]:
        if self._items:
            item = self._items[-1]
            yield from self._text_event("done", text=item.text)
            yield from self._content_event("content_part.done", part=item.content(item.text))
            yield from self._item_event("output_item.done", item=item.object(status))

    def _end(self, outcome: Outcome) -> Iterator[bytes]:
        response = _response(self._generation, self._previous, self._items, outcome)
        yield from self._close(_last_status(outcome))
        status = "incomplete" if response["status"] == "cancelled" else response["status"]
        yield from self._event(f"response.{status}", response=response)

    def _item_event(self, name: str, **members: Any) -> Iterator[bytes]:  # noqa: ANN401
        yield from self._event(f"response.{name}", output_index=len(self._items) - 1, **members)

    def _content_event(self, name: str, **members: Any) -> Iterator[bytes]:  # noqa: ANN401
        yield from self._item_event(name, item_id=self._items[-1].id, content_index=0, **members)

    def _text_event(self, name: str, **members: Any) -> Iterator[bytes]:  # noqa: ANN401
        kind = self._items[-1].kind
        yield from self._content_event(f"{kind.text_type}.{name}", **members, **kind.text_members)

    def _event(self, type_: str, **members: Any) -> Iterator[bytes]:  # noqa: ANN401
        number = self.next_number
        self.next_number += 1
        if number > self._after:
            yield sse_event(type_, {"type": type_, "sequence_number": number, **members})


def last_number(generation: GenerationRecord, events: Sequence[Event], outcome: Outcome | None) -> Number:
    """The number of the last event that a reader can have seen."""
    encoder = OpenAIResponsesEncoder(generation, None, math.inf)
    encoder.opening(0)
    encoder.page(Page(tuple(events), len(events), outcome))
    return encoder.next_number - 1


def response_object(
    generation: GenerationRecord, previous: str | None, events: Iterable[Event], outcome: Outcome | None
) -> JsonObject:
    """A response in its current state; without an outcome it is in progress."""
    return _response(generation, previous, _items(generation, events), outcome)


def item_texts(generation: GenerationRecord, events: Iterable[Event]) -> dict[str, str | None]:
    """The texts of a response's items, by their ids; None for an item that a model does not get again."""
    return {item.id: item.text if item.kind.is_input else None for item in _items(generation, events)}


def is_input(item: Mapping[str, object]) -> bool:
    """Whether a model gets an item of an output again. The item may be a reference to another one."""
    omitted = [kind for kind in _KINDS.values() if not kind.is_input]
    if item.get("type") == "item_reference":
        return not any(str(item.get("id")).startswith(kind.id_prefix) for kind in omitted)
    return all(item.get("type") != kind.item_type for kind in omitted)


def message_of_item(item: str) -> str:
    """The id of the message that an item of an output belongs to; for any other text, it is no id."""
    return item.rpartition("_")[0]


def response_id(generation: str) -> str:
    """The id of the response that is a generation."""
    return RESPONSE + generation.removeprefix(GENERATION)


def _items(generation: GenerationRecord, events: Iterable[Event]) -> list[_Item]:
    items: list[_Item] = []
    # Not settled: as in the stream, the number of an item is that of its run in the log.
    for part in fold(events):
        if isinstance(part, ReasoningEnd):
            _make_reasoning(items)
        if isinstance(part, TextPart) and type(part) in _KINDS:
            items.append(_item(generation, part, len(items)))
            items[-1].texts.append(part.text)
    return items


def _make_reasoning(items: Iterable[_Item]) -> None:
    for item in items:
        item.kind = _KINDS[Reasoning]


def _item(generation: GenerationRecord, event: Event, index: int) -> _Item:
    kind = _KINDS[type(event)]
    return _Item(kind, f"{kind.id_prefix}{generation.message.removeprefix('msg_')}_{index}")


def _response(
    generation: GenerationRecord, previous: str | None, items: Sequence[_Item], outcome: Outcome | None
) -> JsonObject:
    output = [item.object("completed") for item in items[:-1]]
    output += [item.object(_last_status(outcome)) for item in items[-1:]]
    return {
        "id": response_id(generation.id),
        "object": "response",
        "created_at": generation.created_at // 1000,
        **_status(outcome),
        "instructions": None,
        "max_output_tokens": None,
        "metadata": {},
        "model": generation.model,
        "output": output,
        "parallel_tool_calls": False,
        "previous_response_id": previous,
        "reasoning": {"effort": None, "summary": None},
        "store": generation.is_stored,
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
    match outcome.status:
        case Completed("stop"):
            return "completed"
    return "incomplete"


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
    """The usage in OpenAI's format. Clients require the details, so unknown ones are 0."""
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }
