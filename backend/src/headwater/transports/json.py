"""Single JSON objects: a complete reply, a generation in its current state, one page of a log."""

from headwater.conversations.model import GenerationRecord
from headwater.generation.codec import JsonObject, outcome_object, parts_objects, text_members
from headwater.generation.kinds.text import text_of
from headwater.generation.log import Page
from headwater.generation.outcome import Outcome
from headwater.generation.parts import Parts, settle
from headwater.transports.wire import encode_json, framed_objects, start_members

JSON_SPACE = b" "
"""The heartbeat of a reply that is sent as one object: white space between members means nothing."""


def reply_opening(generation: GenerationRecord) -> bytes:
    """The beginning of a complete reply: its ids, which can be sent at once."""
    return encode_json(start_members(generation)).removesuffix(b"}")


def reply_end(parts: Parts, outcome: Outcome) -> bytes:
    """The rest of a complete reply; with `reply_opening` it is one JSON object."""
    rest = {**text_members(parts), "outcome": outcome_object(outcome), "parts": parts_objects(parts)}
    return b"," + encode_json(rest).removeprefix(b"{")


def generation_object(generation: GenerationRecord, page: Page) -> JsonObject:
    """A generation in its current state, from its whole log; `outcome` is null while it runs."""
    parts = settle(page.events)
    return {
        "generation": generation.id,
        "conversation": generation.conversation,
        "message": generation.message,
        "model": generation.model,
        "cursor": page.cursor,
        "text": text_of(parts),
        "outcome": _outcome(page.outcome),
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
