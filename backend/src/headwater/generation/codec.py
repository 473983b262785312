"""Parts and outcomes as JSON objects, in the same form in rows and on the wire."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, TypeAlias, get_args

from headwater.generation.kinds.reasoning import Reasoning
from headwater.generation.kinds.text import Text, text_of
from headwater.generation.outcome import Outcome, Status, Timing, Usage
from headwater.generation.parts import Part, Parts, parse_part

JsonObject: TypeAlias = dict[str, Any]

FIRST_KINDS = (Text, Reasoning)
"""The kinds of the first version of the wire, which has names of its own for them."""

STATUSES: dict[str, type[Status]] = {kind.name: kind for kind in get_args(Status)}
"""How a reply can end, by name."""


def parts_objects(parts: Iterable[Part]) -> list[JsonObject]:
    """The JSON objects of parts, each with its `type`."""
    return [{"type": part.type, **part.members()} for part in parts]


def parse_parts(data: Iterable[Mapping[str, Any]]) -> Parts:
    """The parts of `parts_objects`. Raises `KeyError` for an unknown type."""
    return tuple(map(parse_part, data))


def text_members(parts: Parts) -> JsonObject:
    """All text of each of the first kinds, joined, by the kind's type."""
    return {kind.type: text_of(parts, kind) for kind in FIRST_KINDS}


def message_members(parts: Parts) -> JsonObject:
    """The content of a message: its `parts`, and all text joined by kind."""
    return {**text_members(parts), "parts": parts_objects(parts)}


def outcome_object(outcome: Outcome) -> JsonObject:
    """The JSON object of an outcome; `usage` and `timing` are null if they are unknown.

    Members of the status that are None are left out.
    """
    members = {name: getattr(outcome.status, name) for name in outcome.status.__slots__}
    usage = outcome.usage
    return {
        "status": outcome.status.name,
        **{name: value for name, value in members.items() if value is not None},
        "usage": None if usage is None else {name: getattr(usage, name) for name in usage.__slots__},
        "timing": None if outcome.timing is None else _timing_object(outcome.timing),
    }


def _timing_object(timing: Timing) -> JsonObject:
    rate = timing.tokens_per_second
    return {
        "first_token_ms": _milliseconds(timing.first_token),
        "duration_ms": _milliseconds(timing.duration),
        "tokens": timing.tokens,
        "tokens_per_second": None if rate is None else round(rate, 1),
        "longest_gap_ms": _milliseconds(timing.longest_gap),
        "server_ms": _milliseconds(timing.server),
        "provider_ms": _milliseconds(timing.provider),
    }


def parse_outcome(data: Mapping[str, Any]) -> Outcome:
    """The outcome of `outcome_object`; also reads objects of older versions, which lack some members."""
    usage, timing = data.get("usage"), data.get("timing")
    return Outcome(
        _parse_status(data),
        None if usage is None else Usage(**usage),
        None if timing is None else _parse_timing(timing),
    )


def _parse_status(data: Mapping[str, Any]) -> Status:
    """The status of an outcome object. Raises `KeyError` for one that is not known."""
    kind = STATUSES[data["status"]]
    return kind(**{field.name: data[field.name] for field in fields(kind) if field.name in data})


def _parse_timing(data: Mapping[str, Any]) -> Timing:
    return Timing(
        first_token=_seconds(data["first_token_ms"]),
        duration=data["duration_ms"] / 1000,
        tokens=data["tokens"],
        tokens_per_second=data["tokens_per_second"],
        longest_gap=_seconds(data["longest_gap_ms"]),
        server=_seconds(data.get("server_ms")),
        provider=_seconds(data.get("provider_ms")),
    )


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
