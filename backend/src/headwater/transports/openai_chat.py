"""OpenAI's chat completions: chunks as server-sent events, or one object.

Events have no id, and there is no `retry` line: after either of them, the `openai` package parses a heartbeat
as an event without data and fails.
"""

from dataclasses import dataclass
from typing import ClassVar

import msgspec

from headwater.generation.codec import JsonObject
from headwater.generation.log import Cursor, Page
from headwater.generation.outcome import Completed, Outcome, Usage
from headwater.generation.parts import Part, Parts, Reasoning, Text, TextPart, text_of
from headwater.transports.openai_error import broken_off
from headwater.transports.sse import HEARTBEAT
from headwater.transports.wire import Opening, joined

DONE = b"data: [DONE]\n\n"

_MEMBER: dict[type[Part], str] = {Text: "content", Reasoning: "reasoning_content"}
"""The member of a delta for each kind; other kinds are omitted."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class OpenAIChatEncoder:
    """See `Encoder`. `created` is in seconds since 1970; `usage` adds a chunk with the usage.

    A reply that breaks off ends with an error and without `[DONE]`, so that no client takes it for complete.
    """

    media_type: ClassVar[str] = "text/event-stream"

    model: str
    created: int
    usage: bool = False

    def opening(self, opening: Opening, after: Cursor) -> bytes:  # noqa: ARG002
        """See `Encoder.opening`; a completion cannot be resumed, so it has no cursor."""
        return self._delta(opening.generation, {"role": "assistant", "content": ""})

    def page(self, generation: str, page: Page) -> bytes:
        """See `Encoder.page`."""
        parts = [
            self._delta(generation, {_MEMBER[type(event)]: event.text})
            for event, _ in joined(page)
            if isinstance(event, TextPart) and type(event) in _MEMBER
        ]
        if page.outcome is not None:
            parts += self._end(generation, page.outcome)
        return b"".join(parts) or HEARTBEAT

    def _end(self, generation: str, outcome: Outcome) -> list[bytes]:
        if not isinstance(outcome.status, Completed):
            return [_data(broken_off(outcome.status))]
        parts = [self._delta(generation, {}, outcome.status.reason)]
        if self.usage and outcome.usage is not None:
            parts.append(self._chunk(generation, [], usage_object(outcome.usage)))
        return [*parts, DONE]

    def _delta(self, generation: str, delta: JsonObject, finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._chunk(generation, [choice])

    def _chunk(self, generation: str, choices: list[JsonObject], usage: JsonObject | None = None) -> bytes:
        usage_member = {"usage": usage} if self.usage else {}
        head = _head(generation, "chat.completion.chunk", self.created, self.model)
        return _data({**head, "choices": choices, **usage_member})


def completion_object(
    opening: Opening, created: int, parts: Parts, reason: str, usage: Usage | None
) -> JsonObject:
    """A complete reply; `reason` is its finish reason, and `created` is in seconds since 1970."""
    reasoning = text_of(parts, Reasoning)
    message = {"role": "assistant", "content": text_of(parts), "refusal": None}
    if reasoning:
        message["reasoning_content"] = reasoning
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    return {
        **_head(opening.generation, "chat.completion", created, opening.model),
        "choices": [choice],
        "usage": None if usage is None else usage_object(usage),
    }


def usage_object(usage: Usage) -> JsonObject:
    """The usage in OpenAI's format."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }


def _head(generation: str, kind: str, created: int, model: str) -> JsonObject:
    return {"id": f"chatcmpl-{generation}", "object": kind, "created": created, "model": model}


def _data(value: JsonObject) -> bytes:
    return b"data: %b\n\n" % _encode(value)
