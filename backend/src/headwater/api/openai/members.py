"""The members that the bodies of OpenAI's API have in common, and those of them that cannot be honoured."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from headwater.api.requests import PLAIN, Body, PlainText

STOP_CHARS = 500
"""The most characters of a sequence that a reply stops before."""

Penalty = Annotated[float, Field(ge=-2, le=2)]
Share = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=-(2**63), lt=2**63)]


class OpenAIBody(Body):
    """A body of which `ignored` members change nothing that is said, and may be anything.

    Those in `only` cannot be honoured: they take null and the values that mean the same as their absence.
    Null is the same as absence for all members.
    """

    ignored: ClassVar[frozenset[str]]
    only: ClassVar[Mapping[str, tuple[object, ...]]]

    @model_validator(mode="before")
    @classmethod
    def leave_out(cls, given: Any) -> Any:  # noqa: ANN401
        """Check and drop what is not needed further."""
        if not isinstance(given, dict):
            return given
        for name, harmless in cls.only.items():
            if given.get(name) is not None and given[name] not in harmless:
                raise PydanticCustomError("unsupported", "{member} cannot be honoured", {"member": name})
        dropped = cls.ignored | cls.only.keys()
        return {name: value for name, value in given.items() if name not in dropped and value is not None}


class StreamOptions(Body):
    """The member `stream_options`; nothing is obfuscated here, whatever it says of that."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


def _joined(content: object) -> object:
    """The text of a content, which may come in parts."""
    if not isinstance(content, list):
        return content
    return "".join(_text(part) for part in content)


def _text(part: object) -> str:
    if isinstance(part, dict) and part.get("type") in {"text", "input_text", "output_text"}:
        text = part.get("text")
        if isinstance(text, str):
            return text
    raise PydanticCustomError("part", "Input takes text and parts that are text, nothing else")


def _listed(stop: object) -> object:
    return [stop] if isinstance(stop, str) else stop


ROLES: dict[str, Literal["system", "user", "assistant"]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}
"""The roles of messages, and what they are here."""

TextContent = Annotated[PlainText, BeforeValidator(_joined)]
"""A text, or a list of parts of it."""

Stop = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=STOP_CHARS), PLAIN]],
    Field(max_length=4),
    BeforeValidator(_listed),
]
"""One text, or up to four."""
