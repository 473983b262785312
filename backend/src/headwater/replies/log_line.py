"""The line in the log of the server for each reply that has ended."""

import logging

import msgspec

from headwater.generation.codec import outcome_object
from headwater.generation.outcome import Outcome
from headwater.replies.active import Generation

logger = logging.getLogger("headwater.generations")  # the name that operators look for

OWNER_CHARS = len("client_") + 6
"""How many characters of an owner's id are logged."""


def log_end(generation: Generation, outcome: Outcome, most_readers: int) -> None:
    """Log how a generation ended: one line, a JSON object.

    It contains no text of messages, and only enough of the owner's id to tell owners apart.
    """
    end = outcome_object(outcome)
    line = {
        "generation": generation.id,
        "conversation": generation.conversation,
        "message": generation.message,
        "client": generation.owner[:OWNER_CHARS],
        "model": generation.model,
        **{name: end[name] for name in ("status", "reason", "by", "code") if name in end},
        **(end["timing"] or {}),
        "most_readers": most_readers,
    }
    logger.info("%s", msgspec.json.encode(line).decode())
