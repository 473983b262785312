"""Single JSON objects: a complete reply, a generation in its current state, one page of a log."""

from typing import ClassVar

from headwater.conversations.model import GenerationRecord
from headwater.generation.codec import JsonObject, outcome_object, parts_objects, text_members
from headwater.generation.kinds.text import text_of
from headwater.generation.log import Cursor, Page
from headwater.generation.outcome import Outcome
from headwater.generation.parts import Event, settle
from headwater.transports.wire import encode_json, framed_objects, start_members


class JsonEncoder:
    """See `Encoder`; has state. A complete reply as one object: its ids at once, the rest with the outcome.

    A heartbeat is white space between members, which means nothing.
    """

    media_type: ClassVar[str] = "application/json"

    def __init__(self, generation: GenerationRecord) -> None:
        self._generation = generation
        self._events: list[Event] = []

    def opening(self, after: Cursor) -> bytes:  # noqa: ARG002
        """See `Encoder.opening`; a reply in one piece has no cursor."""
        return encode_json(start_members(self._generation)).removesuffix(b"}")

    def page(self, page: Page) -> bytes:
        """See `Encoder.page`; pages before the last one have no bytes."""
        self._events += page.events
        if page.outcome is None:
            return b"" if page.events else b" "
        parts = settle(self._events)
        rest = {**text_members(parts), "outcome": outcome_object(page.outcome), "parts": parts_objects(parts)}
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
