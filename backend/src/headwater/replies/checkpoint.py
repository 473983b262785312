"""Saves replies: in pieces while they run, in their rows once they are closed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from sqlalchemy.exc import SQLAlchemyError

from headwater.errors import UnavailableError
from headwater.generation.codec import outcome_object
from headwater.generation.log import Cursor, Piece, read_all
from headwater.generation.outcome import Outcome
from headwater.generation.parts import Event
from headwater.live.ports import LogStore, Presence
from headwater.replies.active import Generation
from headwater.replies.ephemeral import EphemeralReplies
from headwater.storage.database import ClosedDatabaseError
from headwater.storage.replies import ReplyRepository

logger = logging.getLogger(__name__)

EVERY = 0.35
"""Seconds between two checkpoints of all running replies.

A crash loses at most that much, what arrives while the batch before it and the checkpoint itself are written,
and what arrives while the event loop is late. On SQLite, a checkpoint goes before all starts that wait.
"""

SHARE_EVERY = 0.025
"""Seconds between two times that readers on other servers get what is new."""

COMPARE_EVERY = 2.0
"""Seconds between two comparisons of the ephemeral replies in memory with what other servers see of them."""

MAX_PAUSE = 2.0
"""The most seconds between two attempts to write a row."""


class Checkpoints:
    """Saves the events of every generation in `running`, so that a crash loses little.

    Between two checkpoints, readers on other servers get what is new. `deleted` is called with a generation
    whose row is gone, and `shared` with the seconds by which readers elsewhere were behind.
    """

    def __init__(
        self,
        running: Iterable[Generation],
        replies: ReplyRepository,
        logs: LogStore,
        presence: Presence,
        ephemeral: EphemeralReplies,
        deleted: Callable[[Generation], None],
        shared: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._running = running
        self._replies = replies
        self._logs = logs
        self._presence = presence
        self._ephemeral = ephemeral
        self._deleted = deleted
        self._count_shared = shared
        self._saved: dict[Generation, Cursor] = {}
        self._shared: dict[Generation, Cursor] = {}
        self._all_shared_at = 0.0
        """When the readers on other servers had all."""
        self._saving = asyncio.Lock()

    async def run(self) -> None:
        """Make checkpoints until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            # Apart, so that a fault of one stops no other.
            tasks.create_task(self._save_every(EVERY, self.save))
            tasks.create_task(self._save_every(EVERY, self._ephemeral.save))
            tasks.create_task(self._save_every(SHARE_EVERY, self._share))
            tasks.create_task(self._save_every(SHARE_EVERY, self._share_ephemeral))
            tasks.create_task(self._save_every(COMPARE_EVERY, self._ephemeral.compare))

    async def _save_every(self, seconds: float, save: Callable[[], Awaitable[None]]) -> None:
        now = asyncio.get_running_loop().time
        started = now()
        while True:
            # Count from start to start, so that a slow checkpoint does not delay the next one.
            await asyncio.sleep(max(0.0, started + seconds - now()))
            started = now()
            if not await self._attempt(save):
                await asyncio.sleep(EVERY - seconds)

    async def _attempt(self, save: Callable[[], Awaitable[None]]) -> bool:
        """Save, or leave it to the next time; whether that succeeded."""
        try:
            await save()
        except UnavailableError:
            return False  # the database has logged it
        except SQLAlchemyError:
            logger.exception("running replies could not be saved; trying again")
            return False
        return True

    async def save(self) -> None:
        """Save the events since the last checkpoint.

        There is no need to wait for rows: those that are closed, or not there yet, take nothing.
        """
        async with self._saving:
            new = self._after(self._saved, [each for each in self._running if each.is_stored])
            saved = await self._replies.save(list(new.values()))
            running = set(self._running)
            for generation, piece in new.items():
                if generation not in running:
                    continue
                if generation.id in saved:
                    self._saved[generation] = piece.end
                else:
                    self._deleted(generation)

    async def save_ephemeral(self) -> None:
        """Save how ephemeral replies have ended that are read elsewhere, if that is possible now."""
        await self._attempt(self._ephemeral.save)

    async def _share(self) -> None:
        now = asyncio.get_running_loop().time
        if not self._presence.elsewhere or not self._all_shared_at:
            await self._presence.read_elsewhere()
            self._all_shared_at = now()
        elsewhere, began = self._presence.elsewhere, now()
        read = [
            each
            for each in self._running
            if each.id in elsewhere and (each.is_stored or self._ephemeral.has_begun(each))
        ]
        new = self._after(self._shared, read)
        if new:
            await self._logs.share(list(new.values()))
            running = set(self._running)
            self._shared |= {each: piece.end for each, piece in new.items() if each in running}
        self._count_shared(now() - self._all_shared_at)
        self._all_shared_at = began

    async def _share_ephemeral(self) -> None:
        await self._presence.read_elsewhere()
        await self._ephemeral.save(first_and_last=True)

    async def close(
        self, generation: Generation, events: Sequence[Event], outcome: Outcome, title: str | None
    ) -> None:
        """Write the row of a closed generation, and a generated title; retry until it succeeds.

        If the process ends before, what was saved is left to whoever closes the replies of servers that are
        gone.
        """
        pause = 0.1
        while True:
            try:
                await self._replies.close(generation.id, events, outcome_object(outcome), title)
            except ClosedDatabaseError:
                return
            except UnavailableError:
                pass  # the database has logged it
            except SQLAlchemyError:
                logger.exception("%s could not be saved; trying again in %g s", generation.id, pause)
            else:
                self._logs.written(generation.id)
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE)

    def forget(self, generation: Generation) -> None:
        """Forget how far a reply was saved, once it runs no more."""
        self._saved.pop(generation, None)
        self._shared.pop(generation, None)

    def _after(
        self, ends: Mapping[Generation, Cursor], generations: Iterable[Generation]
    ) -> dict[Generation, Piece]:
        """What generations have got after these ends, and after what is saved."""
        new = {}
        for generation in generations:
            saved = self._saved.get(generation) or self._ephemeral.end(generation)
            at = max(ends.get(generation, 0), saved)
            if events := read_all(generation.log, at).events:
                new[generation] = Piece(generation.id, at, events)
        return new
