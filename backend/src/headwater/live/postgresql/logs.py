"""The logs of replies that other servers run, copied from the pieces that these save."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from weakref import WeakValueDictionary

from sqlalchemy import text

from headwater.generation.codec import parse_outcome
from headwater.generation.log import Cursor, Listener, Log, LogWriter, Page
from headwater.generation.outcome import Cancelled, Interrupted, Outcome
from headwater.generation.parts import Event
from headwater.live.memory import MemoryLog, MemoryLogStore
from headwater.live.postgresql.bells import Bells
from headwater.live.postgresql.looking import Looking
from headwater.storage.database import Database
from headwater.storage.replies import ReplyRepository, piece_events

GROWN = "grown"
"""The bell of a reply of which something was saved."""

TICK = 1.0
"""Seconds after which replies that are followed are looked at without a bell."""

FAST_TICK = 0.1
"""The same where no bells come through."""

DELETED = Outcome(Cancelled("user"))
"""How a reply ends whose row was deleted."""

# By the index for each, whatever the planner thinks of tables that grow and shrink all the time.
_TAILS = text("""
    SELECT followed.id, generations.id IS NULL AS is_gone, generations.shape IS NOT NULL AS is_closed,
        pieces.at, pieces.parts, pieces.shape
    FROM unnest(CAST(:ids AS text[]), CAST(:ats AS bigint[])) AS followed(id, at)
    LEFT JOIN LATERAL (
        SELECT id, shape FROM generations WHERE id = followed.id OFFSET 0
    ) AS generations ON true
    LEFT JOIN LATERAL (
        SELECT at, parts, shape FROM pieces WHERE generation = followed.id AND at >= followed.at ORDER BY at
    ) AS pieces ON true
    ORDER BY followed.id, pieces.at""")


class SharedLogStore:
    """See `LogStore`: logs of this server in its memory, and copies of those of other servers."""

    def __init__(self, database: Database, bells: Bells) -> None:
        self._own = MemoryLogStore()
        self._database, self._replies, self._bells = database, ReplyRepository(database), bells
        self._copies: WeakValueDictionary[str, _Copy] = WeakValueDictionary()
        """Copies that somebody still has."""
        self._looking = Looking(self._look, lambda: TICK if bells.come_through else FAST_TICK)
        self._looked_again_at = 0.0
        bells.on(GROWN, self._hear)
        bells.on_restart(self._looking.soon)

    def create(self, generation: str) -> LogWriter:
        """See `LogStore.create`."""
        return self._own.create(generation)

    async def open(self, generation: str) -> Log | None:
        """See `LogStore.open`."""
        own = await self._own.open(generation)
        if own is not None:
            return own
        copy = self._copies.get(generation)
        if copy is None or copy.is_closed:
            copy = _Copy(generation)
            await self._refresh([copy])
            if copy.is_closed:
                return None if copy.is_gone else copy
            found = self._copies.get(generation)
            if found is not None and not found.is_closed:
                return found
            self._copies[generation] = copy
        return copy

    def saved(self, generation: str) -> None:
        """See `LogStore.saved`."""
        self._bells.ring(GROWN, generation)

    def forget(self, generation: str) -> None:
        """See `LogStore.forget`."""
        self._own.forget(generation)

    async def run(self) -> None:
        """Keep the copies up to date until cancelled."""
        await self._looking.run()

    async def _look(self) -> None:
        copies = [copy for copy in self._copies.values() if not copy.is_closed]
        if not copies:
            return
        now = asyncio.get_running_loop().time()
        again = now - self._looked_again_at >= TICK
        await self._refresh(copies, again=again)
        if again:
            self._looked_again_at = now

    def _hear(self, words: Sequence[str]) -> None:
        if any(generation in self._copies for generation in words):
            self._looking.soon()

    async def _refresh(self, copies: Collection["_Copy"], *, again: bool = False) -> None:
        """Add what was saved since the last look.

        With `again` the last piece of each is read once more: a server whose connection broke may have saved
        a longer one in its place.
        """
        ats = [copy.last_piece if again else copy.end for copy in copies]
        positions = {"ids": [copy.generation for copy in copies], "ats": ats}
        rows = await self._database.read(
            lambda connection: connection.execute(_TAILS, positions).all(), single=True
        )
        found = {id_: list(group) for id_, group in groupby(rows, lambda row: row.id)}
        for copy in copies:
            tail = found[copy.generation]
            if tail[0].is_gone:
                copy.is_gone = True
                copy.close(DELETED)
            elif tail[0].is_closed:
                await self._finish(copy)
            elif tail[0].at is not None:
                copy.add((row.at, piece_events(row)) for row in tail)

    async def _finish(self, copy: "_Copy") -> None:
        reply = await self._replies.start_of("", copy.generation)
        if reply is None or reply.outcome is None:
            return  # deleted meanwhile: the next look finds no row
        copy.add([(0, reply.events)])
        copy.close(parse_outcome(reply.outcome))


class _Copy:
    """A copy of another server's log.

    Who has read more of the log itself than was saved waits until the copy has as much.
    """

    def __init__(self, generation: str) -> None:
        self.generation = generation
        self.end: Cursor = 0
        self.last_piece: Cursor = 0
        self.is_closed = False
        self.is_gone = False
        self._log = MemoryLog()

    def add(self, pieces: Iterable[tuple[Cursor, Sequence[Event]]]) -> None:
        """Add what is new of some pieces, up to the first gap."""
        for at, events in pieces:
            if at > self.end:
                break
            self.last_piece = at
            self.end = self._log.append(self.end, events[self.end - at :])

    def close(self, outcome: Outcome) -> None:
        self.is_closed = True
        self._log.close(self.end, outcome)

    def read(self, after: Cursor) -> Page:
        if after > self.end:
            page = self._log.read(self.end)
            if page.outcome is None:
                return Page((), after)
            if self.is_gone or isinstance(page.outcome.status, Interrupted):
                return Page((), after, page.outcome)  # what was read beyond it is lost
        return self._log.read(after)

    def listen(self, changed: Listener) -> None:
        self._log.listen(changed)

    def forget(self, changed: Listener) -> None:
        self._log.forget(changed)
