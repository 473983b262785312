"""Saves what replies say: in pieces while they run, in their row once they are closed."""

import asyncio
import logging
from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError

from headwater.generation.events import Event
from headwater.generation.log import Cursor
from headwater.replies.active import Generation, Generations, Snapshot
from headwater.storage.replies import Piece, ReplyRepository
from headwater.transports.wire import outcome_object

logger = logging.getLogger(__name__)

EVERY = 0.5
"""Seconds from one saving of all running replies to the next; after a crash that much may be missing."""

LONGEST_PAUSE = 30.0
"""Seconds, at most, before a row that could not be written is tried again."""


class Saving:
    """Writes for every generation what a crash must not lose."""

    def __init__(self, generations: Generations, replies: ReplyRepository) -> None:
        self._generations = generations
        self._replies = replies
        self._saved: dict[Generation, Cursor] = {}

    async def run(self) -> None:
        """Save what runs, again and again, until cancelled."""
        now = asyncio.get_running_loop().time
        started = now()
        while True:
            # From start to start: a busy database makes a saving long, and must not put off the next one.
            await asyncio.sleep(max(0.0, started + EVERY - now()))
            started = now()
            try:
                await self.save_running()
            except (SQLAlchemyError, OSError):
                logger.exception("what running replies have said could not be saved; it is tried again")

    async def save_running(self) -> None:
        """Save what has been said since the last time.

        Nothing waits for anything else here: under load, rows that are to be written would keep it from being
        saved in time, and one another. The database sees to it that no piece comes after its row.
        """
        kept = [generation for generation in self._generations.running if generation.kept]
        said = [await self._news(generation) for generation in kept]
        pieces = [Piece(generation.id, at, events) for generation, at, events in said if events]
        await self._replies.save(pieces)
        for generation, at, events in said:
            if generation in self._generations.running:
                self._saved[generation] = at + len(events)

    async def close(self, generation: Generation, snapshot: Snapshot, title: str | None) -> None:
        """Write the row of a closed generation, and the title it gives; tried until it goes well."""
        if snapshot.outcome is None:
            raise ValueError(f"{generation.id} is open")
        outcome = outcome_object(snapshot.outcome)
        pause = 0.1
        while True:
            try:
                await self._replies.close(generation.id, snapshot.content, snapshot.shape, outcome, title)
            except (SQLAlchemyError, OSError):
                logger.exception("%s could not be saved; it is tried again in %g s", generation.id, pause)
            else:
                self._saved.pop(generation, None)
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _news(self, generation: Generation) -> tuple[Generation, Cursor, Sequence[Event]]:
        at = self._saved.get(generation, 0)
        events: list[Event] = []
        while True:
            page = await generation.log.read(at + len(events))
            events += page.events
            if not page.more:
                return generation, at, events
