"""Counts readers on several servers: each server with readers of a reply that another one runs has a row."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import inf

from sqlalchemy import text

from headwater.live.bells import Bells
from headwater.live.looking import Looking
from headwater.live.memory import MemoryPresence
from headwater.storage.database import Database
from headwater.storage.servers import FENCE

READ = "read"
"""The bell of a reply whose readers on another server have come or gone."""

TICK = 2.0
"""Seconds after which rows are looked at without a bell."""

LINGER = 2.0
"""Seconds for which a reply counts as read after its last reader here, who may be a poll before the next."""

NOTE_EVERY = 30.0
"""Seconds after which a server notes what it reads though nothing has changed.

A write whose connection broke may be applied after a later one."""

_NOTE = text(f"""
    WITH held AS ({FENCE}), gone AS (
        DELETE FROM readers USING held
        WHERE server = held.name AND generation <> ALL(CAST(:read AS text[])) RETURNING generation
    ), come AS (
        INSERT INTO readers (generation, server)
        SELECT new.generation, held.name FROM held, unnest(CAST(:read AS text[])) AS new(generation)
        ON CONFLICT DO NOTHING RETURNING generation
    )
    SELECT (SELECT count(*) FROM held) AS held,
        ARRAY(SELECT generation FROM gone UNION ALL SELECT generation FROM come) AS changed""")  # noqa: S608
_READ = text("SELECT DISTINCT generation FROM readers WHERE generation = ANY(CAST(:ids AS text[]))")


class SharedPresence:
    """See `Presence`. All readers on other servers count as one."""

    def __init__(self, database: Database, bells: Bells) -> None:
        self._database, self._bells = database, bells
        self._here = MemoryPresence()
        self._listeners: dict[str, Callable[[int], None]] = {}
        self._counts: dict[str, int] = {}
        self._elsewhere: frozenset[str] = frozenset()
        self._read_until: dict[str, float] = {}
        """Replies of other servers that are read here, and when the last reader left."""
        self._note_due = 0.0
        self._looking = Looking(self._look, TICK)
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
            if not is_own:
                self._come(generation)
            try:
                yield
            finally:
                if not is_own and self._here.count(generation) == 1:
                    self._leave(generation)

    async def run(self) -> None:
        """Note readers of other servers' replies, and look for readers elsewhere, until cancelled."""
        await self._looking.run()

    async def _look(self) -> None:
        await self._note()
        await self._find_readers()

    def _come(self, generation: str) -> None:
        if generation not in self._read_until:
            self._note_due = 0.0
            self._looking.soon()
        self._read_until[generation] = inf

    def _leave(self, generation: str) -> None:
        now = asyncio.get_running_loop().time()
        self._read_until[generation] = now
        self._note_due = min(self._note_due, now + LINGER)

    async def _note(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._note_due:
            return
        self._read_until = {read: until for read, until in self._read_until.items() if until + LINGER > now}
        self._note_due = now + NOTE_EVERY
        for until in self._read_until.values():
            self._note_due = min(self._note_due, until + LINGER)
        try:
            noted = await self._database.execute(_NOTE, {"read": list(self._read_until)})
        except BaseException:
            self._note_due = 0.0
            raise
        for generation in noted["changed"]:
            self._bells.ring(READ, generation)

    async def _find_readers(self) -> None:
        found: set[str] = set()
        if self._listeners and self._database.other_servers:
            rows = await self._database.fetch(_READ, {"ids": list(self._listeners)})
            found = {row["generation"] for row in rows}
        before = self._elsewhere
        self._set_elsewhere(frozenset(found & self._listeners.keys()))
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
