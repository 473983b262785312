"""Single JSON objects: a complete reply, a generation in its current state, one page of a log."""

import msgspec

from headwater.generation.codec import JsonObject, outcome_object, parts_objects, text_members
from headwater.generation.log import Cursor, Page
from headwater.generation.outcome import Outcome
from headwater.generation.parts import Parts, text_of
from headwater.transports.wire import Opening, framed_objects, opening_object

JSON_SPACE = b" "
"""The heartbeat of a reply that is sent as one object: white space between members means nothing."""


def reply_opening(opening: Opening) -> bytes:
    """The beginning of a complete reply: its ids, which can be sent at once."""
    return encode_json(opening_object(opening)).removesuffix(b"}")


def reply_end(parts: Parts, outcome: Outcome) -> bytes:
    """The rest of a complete reply; with `reply_opening` it is one JSON object."""
    rest = {**text_members(parts), "outcome": outcome_object(outcome), "parts": parts_objects(parts)}
    return b"," + encode_json(rest).removeprefix(b"{")


def generation_object(opening: Opening, parts: Parts, cursor: Cursor, outcome: Outcome | None) -> JsonObject:
    """A generation in its current state; `outcome` is null while it runs."""
    return {
        "generation": opening.generation,
        "conversation": opening.conversation,
        "message": opening.message,
        "model": opening.model,
        "cursor": cursor,
        "text": text_of(parts),
        "outcome": _outcome(outcome),
        "parts": parts_objects(parts),
    }


def page_object(generation: str, page: Page) -> JsonObject:
    """One page of a log, for readers that poll; they go on from its `cursor`."""
    events = Page(page.events, page.cursor)
    return {
        "events": list(framed_objects(generation, events)),
        "cursor": page.cursor,
        "outcome": _outcome(page.outcome),
    }


def _outcome(outcome: Outcome | None) -> JsonObject | None:
    return None if outcome is None else outcome_object(outcome)


def encode_json(value: object) -> bytes:
    """Compact JSON in UTF-8."""
    return msgspec.json.encode(value)
