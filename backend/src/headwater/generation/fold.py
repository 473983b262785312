"""Events to message, and back: what a reader who saw these events has in hand."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from headwater.generation.events import Event, ReasoningDelta, TextDelta

Shape: TypeAlias = Sequence[int]
"""The lengths of a log's events in characters (code points), in order; that of reasoning is below zero."""


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


def shape(events: Iterable[Event]) -> list[int]:
    """What `fold` leaves out: with the content it gives the events back, see `unfold`."""
    return [len(event.text) if isinstance(event, TextDelta) else -len(event.text) for event in events]


def unfold(content: Content, lengths: Shape) -> Iterator[Event]:
    """The events of this content and shape, so that a cursor into their log stays valid."""
    text = reasoning = 0
    for length in lengths:
        if length > 0:
            yield TextDelta(content.text[text : text + length])
            text += length
        else:
            yield ReasoningDelta(content.reasoning[reasoning : reasoning - length])
            reasoning -= length
