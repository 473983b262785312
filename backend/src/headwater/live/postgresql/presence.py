"""Counts readers on several servers: each server with readers of a reply that another one runs has a row."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import text

from headwater.live.bells import Bells
from headwater.live.memory import MemoryPresence
from headwater.live.postgresql.looking import Looking
from headwater.storage.database import Database
from headwater.storage.servers import FENCE

READ = "read"
"""The bell of a reply whose readers on another server have come or gone."""

TICK = 2.0
"""Seconds after which rows are looked at without a bell."""

_NOTE = text(f"""
    WITH held AS ({FENCE}), gone AS (
        DELETE FROM readers USING held WHERE server = held.name AND generation = ANY(CAST(:gone AS text[]))
    ), come AS (
        INSERT INTO readers (generation, server)
        SELECT new.generation, held.name FROM held, unnest(CAST(:come AS text[])) AS new(generation)
        ON CONFLICT DO NOTHING
    )
    SELECT count(*) AS held FROM held""")  # noqa: S608
_READ = text("SELECT DISTINCT generation FROM readers WHERE generation = ANY(CAST(:ids AS text[]))")


class SharedPresence:
    """See `Presence`. All readers on other servers count as one."""

    def __init__(self, database: Database, bells: Bells) -> None:
        self._database, self._bells = database, bells
        self._here = MemoryPresence()
        self._listeners: dict[str, Callable[[int], None]] = {}
        self._counts: dict[str, int] = {}
        self._elsewhere: frozenset[str] = frozenset()
        self._changed: dict[str, bool] = {}
        """Replies of other servers, and whether they are read here, that are not noted yet."""
        self._looking = Looking(self._look, lambda: TICK)
        self._is_read_elsewhere = asyncio.Event()
        bells.on(READ, self._hear)
        bells.on_restart(self._looking.soon)

    @property
    def elsewhere(self) -> frozenset[str]:
        """See `Presence.elsewhere`."""
        return self._elsewhere

    async def read_elsewhere(self) -> None:
        """See `Presence.read_elsewhere`."""
        await self._is_read_elsewhere.wait()

    def listen(self, generation: str, changed: Callable[[int], None]) -> None:
        """See `Presence.listen`."""
        self._listeners[generation] = changed
        self._here.listen(generation, lambda count: self._count(generation, count))

    def forget(self, generation: str) -> None:
        """See `Presence.forget`."""
        self._here.forget(generation)
        self._listeners.pop(generation, None)
        self._counts.pop(generation, None)
        self._set_elsewhere(self._elsewhere - {generation})

    @contextmanager
    def reading(self, generation: str) -> Iterator[None]:
        """See `Presence.reading`."""
        is_own = generation in self._listeners
        with self._here.reading(generation):
            if not is_own and self._here.count(generation) == 1:
                self._note(generation, is_read=True)
            try:
                yield
            finally:
                if not is_own and self._here.count(generation) == 1:
                    self._note(generation, is_read=False)

    async def run(self) -> None:
        """Note readers of other servers' replies, and look for readers elsewhere, until cancelled."""
        await self._looking.run()

    async def _look(self) -> None:
        await self._note_changes()
        await self._find_readers()

    def _note(self, generation: str, *, is_read: bool) -> None:
        self._changed[generation] = is_read
        self._looking.soon()

    async def _note_changes(self) -> None:
        changed = dict(self._changed)
        if not changed:
            return
        come = [generation for generation, is_read in changed.items() if is_read]
        gone = [generation for generation, is_read in changed.items() if not is_read]
        await self._database.execute(_NOTE, {"come": come, "gone": gone})
        for generation, is_read in changed.items():
            if self._changed.get(generation) is is_read:
                del self._changed[generation]
            self._bells.ring(READ, generation)

    async def _find_readers(self) -> None:
        found: Sequence[str] = ()
        if self._listeners and self._database.other_servers:
            ids = {"ids": list(self._listeners)}
            found = await self._database.read(
                lambda connection: connection.scalars(_READ, ids).all(), single=True
            )
        before = self._elsewhere
        self._set_elsewhere(frozenset(found) & self._listeners.keys())
        for generation in before ^ self._elsewhere:
            self._tell(generation)

    def _set_elsewhere(self, generations: frozenset[str]) -> None:
        self._elsewhere = generations
        if generations:
            self._is_read_elsewhere.set()
        else:
            self._is_read_elsewhere.clear()

    def _hear(self, words: Sequence[str]) -> None:
        if not self._listeners.keys().isdisjoint(words):
            self._looking.soon()

    def _count(self, generation: str, count: int) -> None:
        self._counts[generation] = count
        self._tell(generation)

    def _tell(self, generation: str) -> None:
        if changed := self._listeners.get(generation):
            changed(self._counts.get(generation, 0) + (generation in self._elsewhere))
