"""Saves replies: in pieces while they run, in their rows once they are closed."""

import asyncio
import logging
from collections.abc import Iterable, Sequence

from sqlalchemy.exc import SQLAlchemyError

from headwater.errors import UnavailableError
from headwater.generation.codec import outcome_object
from headwater.generation.log import Cursor, read_all
from headwater.generation.outcome import Outcome
from headwater.generation.parts import Event
from headwater.replies.active import Generation
from headwater.storage.replies import Piece, ReplyRepository

logger = logging.getLogger(__name__)

EVERY = 0.35
"""Seconds between two checkpoints of all running replies.

A crash loses at most that much, what arrives while the batch before it and the checkpoint itself are written,
and what arrives while the event loop is late. A checkpoint goes before all starts that wait.
"""

MAX_PAUSE = 2.0
"""The most seconds between two attempts to write a row."""


class Checkpoints:
    """Saves the events of every generation in `running`, so that a crash loses little."""

    def __init__(self, running: Iterable[Generation], replies: ReplyRepository) -> None:
        self._running = running
        self._replies = replies
        self._saved: dict[Generation, Cursor] = {}

    async def run(self) -> None:
        """Make checkpoints until cancelled."""
        now = asyncio.get_running_loop().time
        started = now()
        while True:
            # Count from start to start, so that a slow checkpoint does not delay the next one.
            await asyncio.sleep(max(0.0, started + EVERY - now()))
            started = now()
            try:
                await self.save()
            except UnavailableError:
                pass  # the database has logged it; the next checkpoint saves the rest
            except SQLAlchemyError:
                logger.exception("running replies could not be saved; trying again")

    async def save(self) -> None:
        """Save the events since the last checkpoint.

        There is no need to wait for rows: those that are closed, or not there yet, take nothing.
        """
        stored = [generation for generation in self._running if generation.is_stored]
        new = [(generation, *self._new_events(generation)) for generation in stored]
        saved = await self._replies.save(
            [Piece(generation.id, at, events) for generation, at, events in new if events]
        )
        running = set(self._running)
        for generation, at, events in new:
            if generation in running and generation.id in saved:
                self._saved[generation] = at + len(events)

    async def close(
        self, generation: Generation, events: Sequence[Event], outcome: Outcome, title: str | None
    ) -> None:
        """Write the row of a closed generation, and a generated title; retry until it succeeds."""
        pause = 0.1
        while True:
            try:
                await self._replies.close(generation.id, events, outcome_object(outcome), title)
            except UnavailableError:
                pass  # the database has logged it
            except SQLAlchemyError:
                logger.exception("%s could not be saved; trying again in %g s", generation.id, pause)
            else:
                self._saved.pop(generation, None)
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE)

    def _new_events(self, generation: Generation) -> tuple[Cursor, Sequence[Event]]:
        at = self._saved.get(generation, 0)
        return at, read_all(generation.log, at).events
