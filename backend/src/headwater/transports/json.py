"""Single JSON objects: a whole reply, a generation as it stands, one page of a log."""

import msgspec

from headwater.generation.events import Outcome
from headwater.generation.fold import Content
from headwater.generation.log import Cursor, Page
from headwater.transports.wire import JsonObject, Opening, framed_objects, opening_object, outcome_object


def reply_object(opening: Opening, content: Content, outcome: Outcome) -> JsonObject:
    """A complete reply: the non-streaming mode."""
    return {
        **opening_object(opening),
        "text": content.text,
        "reasoning": content.reasoning,
        "outcome": outcome_object(outcome),
    }


def generation_object(
    opening: Opening, content: Content, cursor: Cursor, outcome: Outcome | None
) -> JsonObject:
    """A generation as it stands; `outcome` is null while it runs."""
    return {
        "generation": opening.generation,
        "conversation": opening.conversation,
        "message": opening.message,
        "model": opening.model,
        "cursor": cursor,
        "text": content.text,
        "outcome": _outcome(outcome),
    }


def page_object(generation: str, page: Page) -> JsonObject:
    """One page of a log, for readers who poll; resume from its `cursor`."""
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
