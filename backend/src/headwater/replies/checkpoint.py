"""Saves replies: in pieces while they run, in their rows once they are closed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence

from sqlalchemy.exc import SQLAlchemyError

from headwater.errors import UnavailableError
from headwater.generation.codec import outcome_object
from headwater.generation.log import Cursor, read_all
from headwater.generation.outcome import Outcome
from headwater.generation.parts import Event
from headwater.live.ports import LogStore, Presence
from headwater.replies.active import Generation
from headwater.storage.replies import Piece, ReplyRepository

logger = logging.getLogger(__name__)

EVERY = 0.35
"""Seconds between two checkpoints of all running replies.

A crash loses at most that much, what arrives while the batch before it and the checkpoint itself are written,
and what arrives while the event loop is late. A checkpoint goes before all starts that wait.
"""

EVERY_ELSEWHERE = 0.025
"""Seconds between two checkpoints of replies that are read on other servers, which read what is saved."""

MAX_PAUSE = 2.0
"""The most seconds between two attempts to write a row."""


class Checkpoints:
    """Saves the events of every generation in `running`, so that a crash loses little.

    Readers on other servers read what is saved. `deleted` is called with a generation whose row is gone, and
    `tail_saved` with the seconds by which readers elsewhere were behind.
    """

    def __init__(
        self,
        running: Iterable[Generation],
        replies: ReplyRepository,
        logs: LogStore,
        presence: Presence,
        deleted: Callable[[Generation], None],
        tail_saved: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._running = running
        self._replies = replies
        self._logs = logs
        self._presence = presence
        self._deleted = deleted
        self._tail_saved = tail_saved
        self._saved: dict[Generation, Cursor] = {}
        self._saving = asyncio.Lock()

    async def run(self) -> None:
        """Make checkpoints until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._save_every(EVERY, self.save))
            tasks.create_task(self._save_every(EVERY_ELSEWHERE, self._save_elsewhere))

    async def _save_every(self, seconds: float, save: Callable[[], Awaitable[None]]) -> None:
        now = asyncio.get_running_loop().time
        started = now()
        while True:
            # Count from start to start, so that a slow checkpoint does not delay the next one.
            await asyncio.sleep(max(0.0, started + seconds - now()))
            started = now()
            try:
                await save()
            except UnavailableError:
                pass  # the database has logged it; the next checkpoint saves the rest
            except SQLAlchemyError:
                logger.exception("running replies could not be saved; trying again")

    async def save(self) -> None:
        """Save the events since the last checkpoint.

        There is no need to wait for rows: those that are closed, or not there yet, take nothing.
        """
        await self._save([generation for generation in self._running if generation.is_stored])

    async def _save_elsewhere(self) -> None:
        await self._presence.read_elsewhere()
        elsewhere, now = self._presence.elsewhere, asyncio.get_running_loop().time
        began = now()
        await self._save([generation for generation in self._running if generation.id in elsewhere])
        self._tail_saved(EVERY_ELSEWHERE + now() - began)  # the oldest event came after the last time

    async def _save(self, stored: Iterable[Generation]) -> None:
        async with self._saving:
            new = [(generation, *self._new_events(generation)) for generation in stored]
            grown = [(generation, at + len(events)) for generation, at, events in new if events]
            saved = await self._replies.save(
                [Piece(generation.id, at, events) for generation, at, events in new if events]
            )
            running, elsewhere = set(self._running), self._presence.elsewhere
            for generation, end in grown:
                if generation not in running:
                    continue
                if generation.id in saved:
                    self._saved[generation] = end
                else:
                    self._deleted(generation)
                if generation.id in elsewhere:
                    self._logs.saved(generation.id)

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
                self._logs.saved(generation.id)
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE)

    def _new_events(self, generation: Generation) -> tuple[Cursor, Sequence[Event]]:
        at = self._saved.get(generation, 0)
        return at, read_all(generation.log, at).events
