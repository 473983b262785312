"""Types of the API generated from the heart's own: a part for each kind, an outcome for each status."""

from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from headwater.api.requests import Body, PlainText
from headwater.generation.codec import STATUSES
from headwater.generation.outcome import Usage
from headwater.generation.parts import KINDS, Revision


@dataclass(frozen=True, slots=True)
class Timing:
    """How a reply arrived from the provider; null if there was nothing to measure.

    `server_ms` is the time from the arrival of the request to our request to the provider, `provider_ms` the
    time from there to the first token; older replies have neither.
    """

    first_token_ms: int | None
    duration_ms: int
    tokens: int
    tokens_per_second: float | None
    longest_gap_ms: int | None
    server_ms: int | None = None
    provider_ms: int | None = None


def _tagged(suffix: str, tag: str, kinds: Iterable[tuple[str, type[Any]]], **more: Any) -> Any:  # noqa: ANN401
    """The union of a type for each dataclass; its member `tag` tells them apart."""
    models: list[Any] = []
    for name, kind in kinds:
        members: dict[str, Any] = {tag: (Literal[name], ...)}
        members |= {
            field.name: (
                PlainText if field.type is str else field.type,
                ... if field.default is MISSING else Field(field.default, exclude_if=_is_none),
            )
            for field in fields(kind)
        }
        type_name = f"{kind.__name__}{suffix}"
        models.append(create_model(type_name, __base__=Body, __doc__=kind.__doc__, **members, **more))
    return Annotated[reduce(or_, models), Field(discriminator=tag)]


def _is_none(value: object) -> bool:
    return value is None


Part: Any = _tagged(
    "Part", "type", [(name, kind) for name, kind in KINDS.items() if not issubclass(kind, Revision)]
)
"""Any part."""

Outcome: Any = _tagged(
    "Outcome", "status", STATUSES.items(), usage=(Usage | None, None), timing=(Timing | None, None)
)
"""How a reply ended."""
