"""Saves what replies say: in pieces while they run, in their row once they are closed."""

import asyncio
import logging
from collections.abc import Iterable, Sequence

from sqlalchemy.exc import SQLAlchemyError

from headwater.generation.codec import outcome_object
from headwater.generation.log import Cursor, read_all
from headwater.generation.outcome import Outcome
from headwater.generation.parts import Event
from headwater.replies.active import Generation
from headwater.storage.replies import Piece, ReplyRepository

logger = logging.getLogger(__name__)

EVERY = 0.5
"""Seconds from one checkpoint of all running replies to the next; a crash loses at most that much."""

MAX_PAUSE = 30.0
"""Seconds, at most, before a row that could not be written is tried again."""


class Checkpoints:
    """Writes for every generation in `running` what a crash must not lose."""

    def __init__(self, running: Iterable[Generation], replies: ReplyRepository) -> None:
        self._running = running
        self._replies = replies
        self._saved: dict[Generation, Cursor] = {}

    async def run(self) -> None:
        """Save what runs, again and again, until cancelled."""
        now = asyncio.get_running_loop().time
        started = now()
        while True:
            # From start to start: a busy database makes a checkpoint long, and must not put off the next one.
            await asyncio.sleep(max(0.0, started + EVERY - now()))
            started = now()
            try:
                await self.save()
            except (SQLAlchemyError, OSError):
                logger.exception("what running replies have said could not be saved; it is tried again")

    async def save(self) -> None:
        """Save what has been said since the last time.

        Rows that are being closed do not hold this up: the database makes sure that no piece outlives its
        row.
        """
        stored = [generation for generation in self._running if generation.is_stored]
        new = [(generation, *await self._new_events(generation)) for generation in stored]
        await self._replies.save(
            [Piece(generation.id, at, events) for generation, at, events in new if events]
        )
        running = set(self._running)
        for generation, at, events in new:
            if generation in running:
                self._saved[generation] = at + len(events)

    async def close(
        self, generation: Generation, events: Sequence[Event], outcome: Outcome, title: str | None
    ) -> None:
        """Write the row of a closed generation, and the title it gives; tried until it succeeds."""
        pause = 0.1
        while True:
            try:
                await self._replies.close(generation.id, events, outcome_object(outcome), title)
            except (SQLAlchemyError, OSError):
                logger.exception("%s could not be saved; it is tried again in %g s", generation.id, pause)
            else:
                self._saved.pop(generation, None)
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE)

    async def _new_events(self, generation: Generation) -> tuple[Cursor, Sequence[Event]]:
        at = self._saved.get(generation, 0)
        return at, (await read_all(generation.log, at)).events
