"""OpenAI's chat completions: chunks as server-sent events, or one object.

Events have no id, and there is no `retry` line: after either of them, the `openai` package parses a heartbeat
as an event without data and fails.
"""

from dataclasses import dataclass
from typing import ClassVar

from headwater.conversations.model import GenerationRecord
from headwater.generation.codec import JsonObject
from headwater.generation.kinds.reasoning import Reasoning
from headwater.generation.kinds.text import Text, text_of
from headwater.generation.log import Cursor, Page
from headwater.generation.outcome import Completed, Outcome, Usage
from headwater.generation.parts import Part, Parts, TextPart
from headwater.transports.openai_error import broken_off
from headwater.transports.sse import DONE, HEARTBEAT, sse_event
from headwater.transports.wire import joined

_MEMBER: dict[type[Part], str] = {Text: "content", Reasoning: "reasoning_content"}
"""The member of a delta for each kind; other kinds are omitted."""


@dataclass(frozen=True, slots=True)
class OpenAIChatEncoder:
    """See `Encoder`. `usage` adds a chunk with the usage.

    A reply that breaks off ends with an error and without `[DONE]`, so that no client takes it for complete.
    """

    media_type: ClassVar[str] = "text/event-stream"

    generation: GenerationRecord
    usage: bool = False

    def opening(self, after: Cursor) -> bytes:  # noqa: ARG002
        """See `Encoder.opening`; a completion cannot be resumed, so it has no cursor."""
        return self._delta({"role": "assistant", "content": ""})

    def page(self, page: Page) -> bytes:
        parts = [
            self._delta({_MEMBER[type(event)]: event.text})
            for event, _ in joined(page)
            if isinstance(event, TextPart) and type(event) in _MEMBER
        ]
        if page.outcome is not None:
            parts += self._end(page.outcome)
        return b"".join(parts) or HEARTBEAT

    def _end(self, outcome: Outcome) -> list[bytes]:
        if not isinstance(outcome.status, Completed):
            return [sse_event(None, broken_off(outcome.status))]
        parts = [self._delta({}, outcome.status.reason)]
        if self.usage and outcome.usage is not None:
            parts.append(self._chunk([], usage_object(outcome.usage)))
        return [*parts, DONE]

    def _delta(self, delta: JsonObject, finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._chunk([choice])

    def _chunk(self, choices: list[JsonObject], usage: JsonObject | None = None) -> bytes:
        usage_member = {"usage": usage} if self.usage else {}
        head = _head(self.generation, "chat.completion.chunk")
        return sse_event(None, {**head, "choices": choices, **usage_member})


def completion_object(
    generation: GenerationRecord, parts: Parts, reason: str, usage: Usage | None
) -> JsonObject:
    """A complete reply; `reason` is its finish reason."""
    reasoning = text_of(parts, Reasoning)
    message = {"role": "assistant", "content": text_of(parts), "refusal": None}
    if reasoning:
        message["reasoning_content"] = reasoning
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    return {
        **_head(generation, "chat.completion"),
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


def _head(generation: GenerationRecord, kind: str) -> JsonObject:
    created = generation.created_at // 1000
    return {"id": f"chatcmpl-{generation.id}", "object": kind, "created": created, "model": generation.model}
