"""The parts of a message in the API: a type for each kind, generated from `generation.parts`."""

from dataclasses import fields
from typing import Annotated, Any, Literal, Union

from pydantic import Field, create_model

from headwater.api.requests import Body, PlainText
from headwater.generation.parts import KINDS
from headwater.generation.parts import Part as PartRecord


def _typed(kind: type[PartRecord]) -> type[Body]:
    members: dict[str, Any] = {"type": (Literal[kind.type], ...)}
    members |= {field.name: (PlainText if field.type is str else field.type, ...) for field in fields(kind)}
    return create_model(
        f"{kind.__name__}Part",
        __base__=Body,
        __doc__=kind.__doc__,
        **members,
    )


Part: Any = Annotated[Union[tuple(map(_typed, KINDS.values()))], Field(discriminator="type")]  # noqa: UP007
"""Any part, distinguished by its `type`."""
