"""Events to message: what a reader who saw these events has in hand."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from headwater.generation.events import Event, ReasoningDelta, TextDelta


@dataclass(frozen=True, slots=True)
class Content:
    """The text and the reasoning of a reply, as far as they have been seen."""

    text: str = ""
    reasoning: str = ""


def fold(events: Iterable[Event]) -> Content:
    """Join events, in order, into what they say."""
    text: list[str] = []
    reasoning: list[str] = []
    for event in events:
        match event:
            case TextDelta():
                text.append(event.text)
            case ReasoningDelta():
                reasoning.append(event.text)
            case _:
                assert_never(event)
    return Content("".join(text), "".join(reasoning))
