"""What all transports have in common: the data of events, and their ids."""

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from headwater.conversations.model import GenerationRecord
from headwater.generation.codec import JsonObject, outcome_object
from headwater.generation.log import Cursor, Page
from headwater.generation.parts import Event, runs

END: Literal["end"] = "end"
"""The cursor of a reader that has seen the outcome."""


encode_json = msgspec.json.Encoder().encode
"""Compact JSON in UTF-8."""


def joined(page: Page) -> Iterator[tuple[Event, Cursor]]:
    """A page's events, joined within each part, with the cursor after each."""
    if len(page.events) == 1:  # as most pages have
        yield page.events[0], page.cursor
        return
    cursor = page.cursor - len(page.events)
    for run in runs(page.events):
        cursor += len(run)
        yield run[0].join(run), cursor


def start_members(generation: GenerationRecord) -> JsonObject:
    """The data of `start`: `message` is the id of the reply, `parent` that of the message it answers."""
    return {
        "generation": generation.id,
        "conversation": generation.conversation,
        "message": generation.message,
        "parent": generation.parent,
        "model": generation.model,
    }


def event_id(generation: str, cursor: Cursor | Literal["end"]) -> str:
    """The id from which a reader resumes: `<generation>:<cursor>`, or `<generation>:end`."""
    return f"{generation}:{cursor}"


_EVENT_ID = re.compile(r"(?:(?P<generation>[^:\s]+):)?(?P<cursor>[0-9]{1,15}|end)")


def parse_event_id(value: str) -> tuple[str | None, Cursor | Literal["end"]]:
    """Parse `<generation>:<cursor>` or `<cursor>`. Raises `ValueError` for anything else."""
    match = _EVENT_ID.fullmatch(value)
    if match is None:
        raise ValueError(f"{value!r} is not of the form <generation>:<cursor>, <generation>:end or <cursor>")
    cursor = match["cursor"]
    return match["generation"], END if cursor == END else int(cursor)


def framed_start(generation: GenerationRecord, after: Cursor) -> JsonObject:
    """A `start` event as one JSON object, for transports that have no envelope for events."""
    return {"event": "start", "cursor": after, **start_members(generation)}


def framed_page(generation: str, page: Page) -> list[JsonObject]:
    """A page as JSON objects; a page without events and outcome is a heartbeat."""
    return list(framed_objects(generation, page)) or [{"event": "heartbeat", "generation": generation}]


def framed_objects(generation: str, page: Page) -> Iterator[JsonObject]:
    """The events and the outcome of a page as JSON objects with event, generation and cursor."""
    for event, cursor in joined(page):
        yield {"event": event.event, "generation": generation, "cursor": cursor, **event.event_members()}
    if page.outcome is not None:
        yield {
            "event": "outcome",
            "generation": generation,
            "cursor": END,
            **outcome_object(page.outcome),
        }
