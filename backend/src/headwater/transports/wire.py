"""The names on the wire: what every transport says about a generation, before it is framed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, assert_never

from headwater.generation.events import (
    Cancelled,
    Completed,
    Event,
    Failed,
    Interrupted,
    Outcome,
    ReasoningDelta,
    Status,
    TextDelta,
    Timing,
    Usage,
)
from headwater.generation.log import Cursor, Page

JsonObject: TypeAlias = dict[str, Any]

END: Literal["end"] = "end"
"""Stands in the place of a cursor for a reader who has seen the outcome."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What `start` tells: which generation this is and where its messages belong.

    `message` is the id of the reply, `parent` the id of the message it answers.
    """

    generation: str
    conversation: str
    message: str
    parent: str
    model: str


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring events of one kind within a page, joined; `cursor` is the one behind the last."""

    event: Literal["token", "reasoning"]
    text: str
    cursor: Cursor


def runs(page: Page) -> Iterator[Run]:
    """Join a page's neighbours of one kind; the order of text and reasoning is kept."""
    cursor = page.cursor - len(page.events)
    name: Literal["token", "reasoning"] | None = None
    texts: list[str] = []
    for event in page.events:
        kind = _event_name(event)
        if name is not None and kind != name:
            yield Run(name, "".join(texts), cursor)
            texts = []
        name = kind
        texts.append(event.text)
        cursor += 1
    if name is not None:
        yield Run(name, "".join(texts), cursor)


def _event_name(event: Event) -> Literal["token", "reasoning"]:
    match event:
        case TextDelta():
            return "token"
        case ReasoningDelta():
            return "reasoning"
        case _:
            assert_never(event)


def opening_object(opening: Opening) -> JsonObject:
    """The data of `start`."""
    return asdict(opening)


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


def event_id(generation: str, cursor: Cursor | Literal["end"]) -> str:
    """The id under which a reader resumes: `<generation>:<cursor>`, or `<generation>:end`."""
    return f"{generation}:{cursor}"


_EVENT_ID = re.compile(r"(?:(?P<generation>[^:\s]+):)?(?P<cursor>[0-9]{1,15}|end)")


def parse_event_id(value: str) -> tuple[str | None, Cursor | Literal["end"]]:
    """Read `<generation>:<cursor>` or a bare `<cursor>`; raises `ValueError` for anything else."""
    found = _EVENT_ID.fullmatch(value)
    if found is None:
        raise ValueError(f"{value!r} is not of the form <generation>:<cursor>, <generation>:end or <cursor>")
    cursor = found["cursor"]
    return found["generation"], END if cursor == END else int(cursor)


def framed_start(opening: Opening, after: Cursor) -> JsonObject:
    """`start` for transports without fields of their own."""
    return {"event": "start", "cursor": after, **opening_object(opening)}


def framed_page(generation: str, page: Page) -> list[JsonObject]:
    """A page for transports without fields of their own; one that is empty is a heartbeat."""
    return list(framed_objects(generation, page)) or [{"event": "heartbeat", "generation": generation}]


def framed_objects(generation: str, page: Page) -> Iterator[JsonObject]:
    """What a page holds, as objects that name their event, generation and cursor."""
    for run in runs(page):
        yield {"event": run.event, "generation": generation, "cursor": run.cursor, "token": run.text}
    if page.outcome is not None:
        yield {
            "event": "outcome",
            "generation": generation,
            "cursor": END,
            **outcome_object(page.outcome),
        }
