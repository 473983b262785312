"""Members that the bodies of OpenAI's API share, and members that are unsupported."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from headwater.api.requests import PLAIN, WHOLE, Body, PlainText, Tokens

STOP_CHARS = 500
"""The most characters of a stop sequence."""

Penalty = Annotated[float, Field(ge=-2, le=2)]
Share = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=-(2**63), lt=2**63), WHOLE]


class OpenAIBody(Body):
    """A body that passes over members it does not know: other servers and routers have their own.

    Members in `only` would change the answer, but are unsupported: they accept only null and the listed
    values, which mean the same as their absence. Null means absent for every member.
    """

    model_config = ConfigDict(extra="ignore")

    only: ClassVar[Mapping[str, tuple[object, ...]]] = {}

    @model_validator(mode="before")
    @classmethod
    def drop_unsupported(cls, body: Any) -> Any:  # noqa: ANN401
        """Check the members in `only`, and drop those that are null."""
        if not isinstance(body, dict):
            return body
        for name, harmless in cls.only.items():
            if body.get(name) is not None and body[name] not in harmless:
                raise PydanticCustomError("unsupported", "{member} cannot be honoured", {"member": name})
        return {name: value for name, value in body.items() if value is not None}


class StreamOptions(OpenAIBody):
    """The member `stream_options`."""

    include_usage: bool = False


def _joined(content: object) -> object:
    """The text of a content that may be a list of parts."""
    if not isinstance(content, list):
        return content
    return "".join(_text(part) for part in content)


def _text(part: object) -> str:
    if isinstance(part, dict) and part.get("type") in {"text", "input_text", "output_text"}:
        text = part.get("text")
        if isinstance(text, str):
            return text
    raise PydanticCustomError("part", "Input takes text, or parts that are text")


def _listed(stop: object) -> object:
    """The stop sequences, without empty ones, which mean none."""
    sequences = [stop] if isinstance(stop, str) else stop
    return [each for each in sequences if each != ""] if isinstance(sequences, list) else sequences


def _limit(tokens: object) -> object:
    """The limit of tokens; some programs write 0 or -1 for none."""
    return None if type(tokens) is int and tokens in {0, -1} else tokens


ROLES: dict[str, Literal["system", "user", "assistant"]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}
"""The roles of messages, and the roles that they become."""

TextContent = Annotated[PlainText, BeforeValidator(_joined)]
"""A text, or a list of its parts."""

TokenLimit = Annotated[Tokens | None, BeforeValidator(_limit)]
"""The most tokens of a reply."""

Stop = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=STOP_CHARS), PLAIN]],
    Field(max_length=4),
    BeforeValidator(_listed),
]
"""One stop sequence, or up to four."""
