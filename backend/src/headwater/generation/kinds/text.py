"""The text of a reply."""

from collections.abc import Iterable
from dataclasses import dataclass

from headwater.generation.parts import Part, TextPart


@dataclass(frozen=True, slots=True)
class Text(TextPart):
    """Text of the reply itself."""

    type = "text"
    event = "token"


def text_of(parts: Iterable[Part], kind: type[TextPart] = Text) -> str:
    """All text of one kind, joined."""
    return "".join([part.text for part in parts if isinstance(part, kind)])
