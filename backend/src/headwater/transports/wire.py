"""The names on the wire: what every transport says about a generation, before it is framed."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal

from headwater.generation.codec import JsonObject, outcome_object
from headwater.generation.log import Cursor, Page
from headwater.generation.parts import Event, runs

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


def joined(page: Page) -> Iterator[tuple[Event, Cursor]]:
    """A page's events, neighbours of one part joined; each with the cursor behind it."""
    cursor = page.cursor - len(page.events)
    for run in runs(page.events):
        cursor += len(run)
        yield run[0].join(run), cursor


def opening_object(opening: Opening) -> JsonObject:
    """The data of `start`."""
    return asdict(opening)


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
    for event, cursor in joined(page):
        yield {"event": event.event, "generation": generation, "cursor": cursor, **event.event_members()}
    if page.outcome is not None:
        yield {
            "event": "outcome",
            "generation": generation,
            "cursor": END,
            **outcome_object(page.outcome),
        }
