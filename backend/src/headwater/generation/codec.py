"""Parts and outcomes as they are stored and sent: JSON objects, the same in a row as on the wire."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, TypeAlias, assert_never

from headwater.generation.outcome import (
    Cancelled,
    Completed,
    Failed,
    Interrupted,
    Outcome,
    Status,
    Timing,
    Usage,
)
from headwater.generation.parts import KINDS, Part, Parts, TextPart, parse_part, text_of

JsonObject: TypeAlias = dict[str, Any]


def parts_objects(parts: Iterable[Part]) -> list[JsonObject]:
    """Parts, each with its `type`."""
    return [{"type": part.type, **part.members()} for part in parts]


def parse_parts(data: Iterable[Mapping[str, Any]]) -> Parts:
    """Parts from `parts_objects`. Raises `KeyError` for a type that is not known."""
    return tuple(map(parse_part, data))


def text_members(parts: Parts) -> JsonObject:
    """What version 1 of the wire says of a message: all text of a kind, joined, under the kind's name."""
    return {name: text_of(parts, kind) for name, kind in KINDS.items() if issubclass(kind, TextPart)}


def message_members(parts: Parts) -> JsonObject:
    """What a message says: `parts`, and joined by kind."""
    return {**text_members(parts), "parts": parts_objects(parts)}


def outcome_object(outcome: Outcome) -> JsonObject:
    """The data of `outcome`; `usage` and `timing` are null where nothing was counted."""
    return {
        **_status_object(outcome.status),
        "usage": None if outcome.usage is None else asdict(outcome.usage),
        "timing": None if outcome.timing is None else _timing_object(outcome.timing),
    }


def _status_object(status: Status) -> JsonObject:
    match status:
        case Completed(reason):
            return {"status": "completed", "reason": reason}
        case Cancelled(by):
            return {"status": "cancelled", "by": by}
        case Failed(code, message, retryable):
            return {"status": "failed", "code": code, "message": message, "retryable": retryable}
        case Interrupted():
            return {"status": "interrupted"}
        case _:
            assert_never(status)


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


def parse_outcome(said: Mapping[str, Any]) -> Outcome:
    """An outcome from its data: what `outcome_object` says now, or said before it had so many members."""
    usage, timing = said.get("usage"), said.get("timing")
    return Outcome(
        _parse_status(said),
        None if usage is None else Usage(**usage),
        None if timing is None else _parse_timing(timing),
    )


def _parse_status(said: Mapping[str, Any]) -> Status:
    match said["status"]:
        case "completed":
            return Completed(said["reason"])
        case "cancelled":
            return Cancelled(said["by"])
        case "failed":
            return Failed(said["code"], said["message"], said["retryable"])
        case "interrupted":
            return Interrupted()
        case other:
            raise ValueError(f"{other!r} is not the status of an outcome")


def _parse_timing(said: Mapping[str, Any]) -> Timing:
    return Timing(
        first_token=_seconds(said["first_token_ms"]),
        duration=said["duration_ms"] / 1000,
        tokens=said["tokens"],
        tokens_per_second=said["tokens_per_second"],
        longest_gap=_seconds(said["longest_gap_ms"]),
        server=_seconds(said.get("server_ms")),
        provider=_seconds(said.get("provider_ms")),
    )


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
