"""The logs of replies that other servers run, copied from what these share and save."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby
from weakref import WeakValueDictionary

from sqlalchemy import text

from headwater.conversations.model import OutcomeObject
from headwater.errors import UnavailableError
from headwater.generation.codec import parse_outcome
from headwater.generation.log import Cursor, Listener, Log, LogWriter, Page, Piece
from headwater.generation.outcome import Cancelled, Interrupted, Outcome
from headwater.live.bells import Bells
from headwater.live.looking import Looking
from headwater.live.memory import MemoryLog, MemoryLogStore
from headwater.live.postgresql.presence import SharedPresence
from headwater.storage.database import Database
from headwater.storage.replies import ReplyRepository, piece_of
from headwater.storage.tails import KEPT, RECENT, TailRepository

SHARED = "shared"
"""The bell of a server that has shared something."""

WRITTEN = "written"
"""The bell of a reply whose row is closed, or which is ephemeral and has its first or its last piece."""

TICK = 1.0
"""Seconds after which replies that are followed are looked at without a bell."""

FIRST_PIECE = 10.0
"""Seconds in which a server saves an ephemeral reply that is read elsewhere; a dead one is missed sooner."""

DELETED = Outcome(Cancelled("user"))
"""How a stored reply ends whose row was deleted."""

LOST = Outcome(Interrupted())
"""How an ephemeral reply ends whose server is gone."""

PIECE = ("generation", "at", "parts", "shape")

# By the index for each, whatever the planner thinks of tables that grow and shrink all the time.
_SAVED = text("""
    SELECT followed.id AS generation, reply.is_stored, reply.is_closed, reply.server,
        piece.at, piece.parts, piece.shape, piece.outcome
    FROM unnest(CAST(:ids AS text[]), CAST(:ats AS bigint[])) AS followed(id, at)
    LEFT JOIN LATERAL (
        SELECT true AS is_stored, shape IS NOT NULL AS is_closed, server
        FROM generations WHERE id = followed.id
        UNION ALL
        SELECT false, false, server FROM ephemeral_replies WHERE id = followed.id
        LIMIT 1
    ) AS reply ON true
    LEFT JOIN LATERAL (
        SELECT at, parts, shape, CAST(NULL AS json) AS outcome
        FROM pieces WHERE generation = followed.id AND at >= followed.at
        UNION ALL
        SELECT at, parts, shape, outcome
        FROM ephemeral_pieces WHERE generation = followed.id AND (at >= followed.at OR outcome IS NOT NULL)
        ORDER BY at
    ) AS piece ON true
    ORDER BY followed.id, piece.at""")


class SharedLogStore:
    """See `LogStore`: logs of this server in its memory, and copies of those of other servers."""

    def __init__(self, database: Database, bells: Bells, presence: SharedPresence) -> None:
        self._own = MemoryLogStore()
        self._presence = presence
        self._database, self._replies, self._bells = database, ReplyRepository(database), bells
        self._tails = TailRepository(database)
        self._copies: WeakValueDictionary[str, _Copy] = WeakValueDictionary()
        """Copies that somebody still has."""
        self._last: dict[str, int] = {}
        """The last row that was read of the tail of each server that is followed."""
        self._recent: deque[tuple[float, Mapping[str, list[Piece]]]] = deque()
        """When each was read, and what these servers shared, by reply: new copies go on from saved pieces."""
        self._written: set[str] = set()
        """Copies whose rows are known to have something that readers wait for."""
        self._looking = Looking(self._look, TICK)
        self._looked_at_rows = 0.0
        bells.on(SHARED, self._hear_shared)
        bells.on(WRITTEN, self._hear_written)
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
            new = _Copy(generation)
            await self._refresh([new])
            if new.is_closed:
                return None if new.is_gone else new
            copy = self._copies.get(generation)
            if copy is None or copy.is_closed:
                copy = self._copies[generation] = new
                for _, shared in self._recent:
                    copy.add(shared.get(generation, ()))
                self._looking.soon()
        if not copy.has_begun.is_set():
            await self._wait_for_first_piece(copy)
        return None if copy.is_gone else copy

    async def share(self, pieces: Sequence[Piece]) -> None:
        """See `LogStore.share`."""
        await self._tails.add(pieces)
        self._bells.ring(SHARED, self._database.server)

    def written(self, generation: str) -> None:
        """See `LogStore.written`."""
        self._bells.ring(WRITTEN, generation)

    def forget(self, generation: str) -> None:
        """See `LogStore.forget`."""
        self._own.forget(generation)

    async def run(self) -> None:
        """Keep the copies up to date until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._looking.run())
            tasks.create_task(Looking(self._tails.forget, KEPT).run())

    async def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        shared = await self._read_tails({copy.server for copy in self._open_copies()}, now)
        copies = self._open_copies()  # also those that were opened meanwhile
        for copy in copies:
            copy.add(shared[copy.generation])
        again = now - self._looked_at_rows >= TICK
        written, self._written = self._written, set()
        due = [copy for copy in copies if again or copy.has_gap or copy.generation in written]
        if due:
            await self._refresh(due)
        for copy in due:
            copy.add(shared[copy.generation])
        if again:
            self._looked_at_rows = now

    def _open_copies(self) -> Sequence["_Copy"]:
        return [copy for copy in self._copies.values() if not copy.is_closed]

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

    def _hear_written(self, words: Sequence[str]) -> None:
        if written := {generation for generation in words if generation in self._copies}:
            self._written |= written
            self._looking.soon()

    def _look_at_all(self) -> None:
        self._looked_at_rows = 0.0
        self._looking.soon()

    async def _wait_for_first_piece(self, copy: "_Copy") -> None:
        """Have the server of an ephemeral reply save what was said so far, because it is read."""
        with self._presence.reading(copy.generation):
            try:
                async with asyncio.timeout(FIRST_PIECE):
                    await copy.has_begun.wait()
            except TimeoutError:
                raise UnavailableError(
                    "The server that runs this reply does not answer.", retry_after=1
                ) from None

    async def _refresh(self, copies: Collection["_Copy"]) -> None:
        """Add what was saved beyond what copies have."""
        positions = {
            "ids": [copy.generation for copy in copies],
            "ats": [copy.look_from() for copy in copies],
        }
        rows = await self._database.fetch(_SAVED, positions)
        found = {id_: list(group) for id_, group in groupby(rows, lambda row: row["generation"])}
        ended = []
        for copy in copies:
            saved = found[copy.generation]
            reply = saved[0]
            if reply["is_stored"] is None:
                copy.is_gone = True
                copy.close(DELETED if copy.is_stored else LOST)
            elif reply["is_closed"]:
                ended.append(copy)
            else:
                copy.is_stored = reply["is_stored"]
                copy.server = reply["server"] or copy.server
                if reply["at"] is not None:
                    copy.add_saved(
                        (piece_of(*(row[name] for name in PIECE)), row["outcome"]) for row in saved
                    )
                elif copy.is_stored:
                    copy.has_begun.set()
                if reply["server"] is None and not copy.is_stored:
                    copy.close(LOST)

        if ended:
            await self._finish({copy.generation: copy for copy in ended})

    async def _finish(self, copies: Mapping[str, "_Copy"]) -> None:
        for reply in await self._replies.with_ids(copies):
            if reply.outcome is not None:
                copy = copies[reply.generation.id]
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
        self._last_piece: Cursor = 0
        self._looked_at: Cursor = 0
        self.has_begun = asyncio.Event()
        """Set once it has what was said before it was wanted, which is not saved of an ephemeral reply."""
        self.has_gap = False
        """Whether there was more that did not follow what it has."""
        self.is_closed = False
        self.is_gone = False
        self.is_stored = True
        self._log = MemoryLog()

    def look_from(self) -> Cursor:
        """From where to look for saved pieces.

        A copy with a gap, or that has not grown since the last look, is compared with its last piece again:
        that may have ended after what was shared, or there may be a longer one in its place, which a server
        saves whose connection broke.
        """
        grows = self.end > self._looked_at and not self.has_gap
        self._looked_at = self.end
        return self.end if grows else self._last_piece

    def add(self, pieces: Iterable[Piece]) -> None:
        """Add what is new of some pieces, up to the first gap."""
        for piece in () if self.is_closed else pieces:
            self.has_gap = piece.at > self.end
            self.end = self._log.append(self.end, piece.after(self.end))

    def add_saved(self, pieces: Iterable[tuple[Piece, OutcomeObject | None]]) -> None:
        """Add what is new of some pieces as rows have them; an ephemeral reply's last one has the outcome."""
        for piece, outcome in pieces:
            if piece.at <= self.end:
                self._last_piece = piece.at
            self.add([piece])
            if outcome is not None and piece.end == self.end:
                self.close(parse_outcome(outcome))
        self.has_begun.set()

    def close(self, outcome: Outcome) -> None:
        """Close it, unless it was closed before."""
        self.has_begun.set()
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
