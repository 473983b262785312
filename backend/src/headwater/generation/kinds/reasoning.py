"""What a model thinks before it answers, or between."""

from dataclasses import dataclass

from headwater.generation.kinds.text import Text
from headwater.generation.parts import Part, Revision, TextPart


@dataclass(frozen=True, slots=True)
class Reasoning(TextPart):
    """The model's reasoning, before its text or between."""

    type = "reasoning"
    event = "reasoning"


@dataclass(frozen=True, slots=True)
class ReasoningEnd(Revision):
    """Says that all text before it in its reply was reasoning."""

    type = "reasoning_end"
    event = "reasoning_end"

    def revise(self, before: list[Part]) -> list[Part]:
        """See `Revision.revise`."""
        return [Reasoning(part.text) if isinstance(part, Text) else part for part in before]
