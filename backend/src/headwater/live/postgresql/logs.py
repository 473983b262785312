"""The logs of replies that other servers run, copied from what these share and save."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby
from weakref import WeakValueDictionary

from sqlalchemy import text

from headwater.generation.codec import parse_outcome
from headwater.generation.log import Cursor, Listener, Log, LogWriter, Page, Piece
from headwater.generation.outcome import Cancelled, Interrupted, Outcome
from headwater.live.memory import MemoryLog, MemoryLogStore
from headwater.live.postgresql.bells import Bells
from headwater.live.postgresql.looking import Looking
from headwater.storage.database import Database
from headwater.storage.replies import ReplyRepository, piece_of
from headwater.storage.tails import KEPT, RECENT, TailRepository

SHARED = "shared"
"""The bell of a server that has shared something."""

CLOSED = "closed"
"""The bell of a reply whose row is closed."""

TICK = 1.0
"""Seconds after which replies that are followed are looked at without a bell."""

FAST_TICK = 0.1
"""The same where no bells come through."""

DELETED = Outcome(Cancelled("user"))
"""How a reply ends whose row was deleted."""

# By the index for each, whatever the planner thinks of tables that grow and shrink all the time.
_TAILS = text("""
    SELECT followed.id AS generation, generations.id IS NULL AS is_gone,
        generations.shape IS NOT NULL AS is_closed, generations.server, pieces.at, pieces.parts, pieces.shape
    FROM unnest(CAST(:ids AS text[]), CAST(:ats AS bigint[])) AS followed(id, at)
    LEFT JOIN LATERAL (
        SELECT id, shape, server FROM generations WHERE id = followed.id OFFSET 0
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
        self._tails = TailRepository(database)
        self._copies: WeakValueDictionary[str, _Copy] = WeakValueDictionary()
        """Copies that somebody still has."""
        self._last: dict[str, int] = {}
        """The last row that was read of the tail of each server that is followed."""
        self._recent: deque[tuple[float, Mapping[str, list[Piece]]]] = deque()
        """When each was read, and what these servers shared, by reply: new copies go on from saved pieces."""
        self._closed: set[str] = set()
        """Copies whose rows are known to be closed."""
        self._looking = Looking(self._look, lambda: TICK if bells.come_through else FAST_TICK)
        self._looked_at_rows = 0.0
        bells.on(SHARED, self._hear_shared)
        bells.on(CLOSED, self._hear_closed)
        bells.on_restart(self._look_at_all)

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
            for _, shared in self._recent:
                copy.add(shared.get(generation, ()))
            self._looking.soon()
        return copy

    async def share(self, pieces: Sequence[Piece]) -> None:
        """See `LogStore.share`."""
        await self._tails.add(pieces)
        self._bells.ring(SHARED, self._database.server)

    def closed(self, generation: str) -> None:
        """See `LogStore.closed`."""
        self._bells.ring(CLOSED, generation)

    def forget(self, generation: str) -> None:
        """See `LogStore.forget`."""
        self._own.forget(generation)

    async def run(self) -> None:
        """Keep the copies up to date until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._looking.run())
            tasks.create_task(Looking(self._tails.forget, lambda: KEPT).run())

    async def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        copies = [copy for copy in self._copies.values() if not copy.is_closed]
        shared = await self._read_tails({copy.server for copy in copies}, now)
        for copy in copies:
            copy.add(shared[copy.generation])
        again = now - self._looked_at_rows >= TICK
        closed, self._closed = self._closed, set()
        due = [
            copy
            for copy in copies
            if again or copy.generation in closed or copy.lacks(shared[copy.generation])
        ]
        if due:
            await self._refresh(due)
        for copy in due:
            copy.add(shared[copy.generation])
        if again:
            self._looked_at_rows = now

    async def _read_tails(self, servers: Collection[str], now: float) -> Mapping[str, list[Piece]]:
        """What these servers have shared since the last look, by reply."""
        last = {server: self._last.get(server, -1) for server in servers}
        self._last, pieces = await self._tails.read(last) if last else ({}, [])
        shared: defaultdict[str, list[Piece]] = defaultdict(list)
        for piece in pieces:
            shared[piece.generation].append(piece)
        self._recent.append((now, shared))
        while now - self._recent[0][0] > RECENT:
            self._recent.popleft()
        return shared

    def _hear_shared(self, words: Sequence[str]) -> None:
        if not self._last.keys().isdisjoint(words):
            self._looking.soon()

    def _hear_closed(self, words: Sequence[str]) -> None:
        if closed := {generation for generation in words if generation in self._copies}:
            self._closed |= closed
            self._looking.soon()

    def _look_at_all(self) -> None:
        self._looked_at_rows = 0.0
        self._looking.soon()

    async def _refresh(self, copies: Collection["_Copy"]) -> None:
        """Add what was saved since the last look at rows.

        The last piece of each is read once more: a server whose connection broke may have saved a longer one
        in its place.
        """
        positions = {
            "ids": [copy.generation for copy in copies],
            "ats": [copy.last_piece for copy in copies],
        }
        rows = await self._database.read(
            lambda connection: connection.execute(_TAILS, positions).all(), single=True
        )
        found = {id_: list(group) for id_, group in groupby(rows, lambda row: row.generation)}
        for copy in copies:
            saved = found[copy.generation]
            if saved[0].is_gone:
                copy.is_gone = True
                copy.close(DELETED)
            elif saved[0].is_closed:
                await self._finish(copy)
            else:
                copy.server = saved[0].server
                copy.add_saved(piece_of(row) for row in saved if row.at is not None)

    async def _finish(self, copy: "_Copy") -> None:
        reply = await self._replies.start_of("", copy.generation)
        if reply is None or reply.outcome is None:
            return  # deleted meanwhile: the next look finds no row
        copy.add([Piece(copy.generation, 0, reply.events)])
        copy.close(parse_outcome(reply.outcome))


class _Copy:
    """A copy of another server's log.

    Who has read more of the log itself than was saved waits until the copy has as much.
    """

    def __init__(self, generation: str) -> None:
        self.generation = generation
        self.server = ""
        self.end: Cursor = 0
        self.last_piece: Cursor = 0
        self.is_closed = False
        self.is_gone = False
        self._log = MemoryLog()

    def add(self, pieces: Iterable[Piece]) -> None:
        """Add what is new of some pieces, up to the first gap."""
        for piece in () if self.is_closed else pieces:
            self.end = self._log.append(self.end, piece.after(self.end))

    def add_saved(self, pieces: Iterable[Piece]) -> None:
        """Add what is new of some pieces as rows have them."""
        for piece in pieces:
            if piece.at <= self.end:
                self.last_piece = piece.at
            self.add([piece])

    def lacks(self, pieces: Sequence[Piece]) -> bool:
        """Whether there is a gap before some of the pieces."""
        return bool(pieces) and pieces[-1].end > self.end

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
