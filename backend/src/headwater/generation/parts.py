"""What a reply is made of: parts, and the pieces of parts that a log holds as its events.

An **event** is one step of a log's cursor. A **part** is a run of neighbouring events that belong together,
joined: `Text("Hel")` and `Text("lo")` are two events of the part `Text("Hello")`. So each kind is one class,
for its events and its parts. A part ends where the next event does not continue it; there are no start and
end events.

A kind is one file in `kinds/` with a subclass of `Part`, or of `TextPart` for text that arrives in pieces
(`docs/how-to/add-a-part.md`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self, TypeAlias

KINDS: dict[str, type["Part"]] = {}
"""Every kind by its type."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a reply. By default it arrives whole, so each event is a part by itself.

    `type` is the name of the part on the wire, and `event` that of its events. The fields of a subclass are
    strings, numbers, booleans or None, together at most 4,096 characters.
    """

    type: ClassVar[str]
    event: ClassVar[str]

    def __init_subclass__(cls, **options: Any) -> None:  # noqa: ANN401
        super(Part, cls).__init_subclass__(**options)
        if "type" in cls.__dict__:
            KINDS[cls.type] = cls

    def continues(self, before: "Part") -> bool:  # noqa: ARG002
        """Whether this event belongs to the same part as the event before it."""
        return False

    @classmethod
    def join(cls, pieces: Sequence[Self]) -> Self:
        """Join events of which each continues the one before into their part."""
        (part,) = pieces
        return part

    def split(self, lengths: Iterator[int]) -> Iterator["Part"]:
        """The inverse of `join`: the events of this part, from their lengths."""
        next(lengths)
        yield self

    def fit(self, chars: int, most: int) -> Sequence["Part"]:
        """The events to append for this delta: at most `chars` characters in all and `most` in each event.

        Raises `ValueError` for a whole part that is longer than an event may be.
        """
        if self.length > most:
            raise ValueError(f"a {self.type} of {self.length} characters does not fit into an event")
        return (self,) if self.length <= chars else ()

    @property
    def length(self) -> int:
        """What it counts against the limit of a reply, in characters."""
        return sum(len(value) for value in self.members().values() if isinstance(value, str)) or 1

    @property
    def weight(self) -> int:
        """What it counts against the limit of a page, in bytes."""
        return sum(utf8_length(value) for value in self.members().values() if isinstance(value, str))

    def members(self) -> dict[str, Any]:
        """The members of the part on the wire, without its `type`."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def event_members(self) -> dict[str, Any]:
        """The members of the event on the wire."""
        return self.members()


@dataclass(frozen=True, slots=True)
class TextPart(Part):
    """Text that arrives in pieces, counted in code points; never empty in a log."""

    text: str

    def continues(self, before: Part) -> bool:
        """Pieces of one kind continue each other."""
        return type(self) is type(before)

    @classmethod
    def join(cls, pieces: Sequence[Self]) -> Self:
        """See `Part.join`."""
        return pieces[0] if len(pieces) == 1 else cls("".join([piece.text for piece in pieces]))

    def split(self, lengths: Iterator[int]) -> Iterator[Part]:
        """See `Part.split`."""
        start = 0
        while start < len(self.text):
            end = start + next(lengths)
            yield type(self)(self.text[start:end])
            start = end

    def fit(self, chars: int, most: int) -> Sequence[Part]:
        """See `Part.fit`. U+0000 becomes U+FFFD (CommonMark 2.3): PostgreSQL cannot store it."""
        if 0 < len(self.text) <= min(chars, most) and "\0" not in self.text:
            return (self,)
        text = self.text[:chars].replace("\0", "\ufffd")
        return [type(self)(text[start : start + most]) for start in range(0, len(text), most)]

    @property
    def length(self) -> int:
        """See `Part.length`."""
        return len(self.text)

    @property
    def weight(self) -> int:
        """See `Part.weight`."""
        text = self.text
        return len(text) if text.isascii() else len(text.encode())

    def event_members(self) -> dict[str, Any]:
        """See `Part.event_members`; version 1 of the wire calls every piece a token."""
        return {"token": self.text}


@dataclass(frozen=True, slots=True)
class Revision(Part):
    """An event that revises the parts before it, and is itself none of them; see `settle`."""

    def revise(self, before: list[Part]) -> list[Part]:
        """What the parts before it become."""
        raise NotImplementedError


Event: TypeAlias = Part
"""An event of a log: a piece of a part."""

Parts: TypeAlias = tuple[Part, ...]
"""The content of a reply so far."""

Shape: TypeAlias = Sequence[int]
"""The lengths of a log's events, in order. With them, `unfold` restores the events from the parts."""


def runs(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Group neighbouring events that belong to one part."""
    run: list[Event] = []
    for event in events:
        if run and not event.continues(run[-1]):
            yield run
            run = []
        run.append(event)
    if run:
        yield run


def fold(events: Iterable[Event]) -> Parts:
    """Join events, in order, into parts."""
    return tuple(run[0].join(run) for run in runs(events))


def shape(events: Iterable[Event]) -> list[int]:
    """The lengths of events, which `fold` loses and `unfold` needs."""
    return [event.length for event in events]


def settle(events: Iterable[Event]) -> Parts:
    """The parts as they are read: what a `Revision` says about them is done, and it is gone.

    They no longer have the shape of the log.
    """
    settled: list[Part] = []
    for event in events:
        if isinstance(event, Revision):
            settled = event.revise(settled)
        else:
            settled.append(event)
    return fold(settled)


def unfold(parts: Iterable[Part], lengths: Shape) -> Iterator[Event]:
    """The inverse of `fold`: the original events, so that a cursor into their log stays valid."""
    remaining = iter(lengths)
    for part in parts:
        yield from part.split(remaining)


def parse_part(data: Mapping[str, Any]) -> Part:
    """A part from its `type` and members. Raises `KeyError` for an unknown kind."""
    members = {name: value for name, value in data.items() if name != "type"}
    return KINDS[data["type"]](**members)


def utf8_length(text: str) -> int:
    """The length of a text in bytes of UTF-8."""
    return len(text) if text.isascii() else len(text.encode())
