"""The servers that work on one database of PostgreSQL. Each has a row; one that has lost it writes no more.

- A server **beats**: every `BEAT` seconds it writes the database's time into its row. While PostgreSQL is
  silent, it cannot know whether the row is still there: after `SURE_FOR` seconds it hands out no more tokens.
- Any server removes the row of another whose beats have stopped: for `GRACE` seconds if that server has no
  session (its process is gone), or for `LEASE` seconds (it is paused). It counts them from when it saw the
  last beat, by a clock that nobody can set. After an outage, it waits as long.
- Behind a pooler in transaction mode (`pooler.py`), a server has no sessions, so they tell nothing of it.
- Every transaction that writes first locks the row of its server (`FENCE`), so nobody writes once it is gone.

What a server ran whose row is gone is an orphan, which the first of the others that beat closes.

Versions before this one worked on a database alone. A row named the holder of their lock; it is taken from
them for good, so that none of them writes beside today's servers.
"""

import asyncio
import logging
import time
from collections.abc import Sequence

from sqlalchemy import Connection, NullPool, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection

from headwater import __version__
from headwater.storage.connections import CONNECT_TIMEOUT, Pooler, connections
from headwater.storage.lock import LOCK_TIMEOUT, LockedError, waits
from headwater.storage.outage import OUTAGES, is_refusal
from headwater.storage.uncancelled import awaited_for

logger = logging.getLogger(__name__)

BEAT = 0.25
"""Seconds between two beats."""

SURE_FOR = 1.5
"""Seconds after PostgreSQL's last answer in which no other server can have removed this one's row.

To a server that was alone, a refused connection is an answer."""

GRACE = 3.0
"""Seconds without a beat and without a session after which a server is dead; more than `SURE_FOR`."""

LEASE = 20.0
"""Seconds without a beat after which a server counts as dead, whatever sessions it has."""

SHARED = "several servers"
"""What the row of older versions names, so that none of them holds the lock."""

POOLED = "headwater pooled"
"""How the names of servers begin that have no sessions of their own."""

FENCE = "SELECT name FROM servers WHERE name = :server FOR KEY SHARE"
"""Gives no row once this server's is gone; it cannot go before the transaction ends.

The row without a name is for programs that are no server.
"""

_FENCE = text(FENCE)
_JOIN = text(
    "INSERT INTO servers (name, seen_at, version) VALUES (:server, clock_timestamp(), :version)"
    " ON CONFLICT (name) DO NOTHING"
)
_SEEN = "extract(epoch FROM seen_at) || ' ' || name"
_BEAT = text(f"""
    UPDATE servers SET seen_at = clock_timestamp()
    -- A beat that a crash of PostgreSQL undoes is repeated soon.
    FROM set_config('synchronous_commit', 'off', true) WHERE name = :server
    RETURNING ARRAY(SELECT {_SEEN} FROM servers WHERE name NOT IN (:server, '')) AS beats""")  # noqa: S608
_EXPEL = text(f"""
    DELETE FROM servers WHERE name IN (
        SELECT name FROM servers
        WHERE {_SEEN} = ANY(CAST(:silent AS text[])) AND (
            {_SEEN} = ANY(CAST(:paused AS text[]))
            OR name NOT LIKE '{POOLED} %'
            AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = servers.name)
        ) FOR UPDATE SKIP LOCKED
    ) RETURNING name""")  # noqa: S608
_LEAVE = text("DELETE FROM servers WHERE name = :server")
_FORGET = text("""
    WITH forgotten AS (DELETE FROM ephemeral_replies WHERE NOT EXISTS (SELECT FROM servers WHERE name <> ''))
    DELETE FROM tails WHERE NOT EXISTS (SELECT FROM servers WHERE name <> '')
        AND NOT EXISTS (SELECT FROM generations WHERE generations.server = tails.server AND shape IS NULL)""")
"""What servers have for each other, once the last one has left."""


class ServerRow:
    """This server's row: a `Claim` that other servers may hold beside it."""

    def __init__(self, url: URL, name: str, pooler: Pooler = Pooler.NONE) -> None:
        self._name = name
        self._engine = connections(url, name, LEASE, pooler, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._pooler = pooler
        self._session: AsyncConnection | None = None
        self._silent: AsyncConnection | None = None
        """An earlier session, by which others see that this server lives until it has a new one."""
        self._has_joined = False
        self._answered_at = float("-inf")
        self._beats: dict[str, float] = {}
        """The last beats of the other servers, and since when they are known."""
        self._others: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """See `Claim.name`."""
        return self._name if self._has_joined else ""

    @property
    def is_sure(self) -> bool:
        """See `Claim.is_sure`."""
        return _now() - self._answered_at < SURE_FOR

    @property
    def others(self) -> int:
        """See `Claim.others`: as of the last beat."""
        return len(self._others)

    @property
    def is_first(self) -> bool:
        """See `Claim.is_first`."""
        now = _now()
        alive = (_server_of(beat) for beat, since in self._beats.items() if now - since < GRACE)
        return all(self._name < other for other in alive)

    async def join(self) -> None:
        """See `Claim.join`."""
        session = await self._connected()
        self._answered_at = _now()
        await session.execute(_JOIN, {"server": self._name, "version": __version__})
        self._has_joined = True

    async def verify(self) -> None:
        """See `Claim.verify`. Also removes the rows of dead servers."""
        try:
            asked_at = _now()
            try:
                session = await self._connected()
            except OUTAGES as error:
                # Where nobody can connect, nobody can remove a row. Others may come another way.
                if is_refusal(error) and not self.others and self._pooler is Pooler.NONE:
                    self._answered_at = asked_at
                raise
            asked_at = _now()
            if asked_at - self._answered_at >= SURE_FOR:
                self._beats = {}  # the others may have been cut off as well
            beat = await awaited_for(SURE_FOR, session.execute(_BEAT, {"server": self._name}))
            beaten = beat.one_or_none()
            self._answered_at = float("-inf") if beaten is None else asked_at
            if beaten is None:
                raise LockedError
            await awaited_for(SURE_FOR, self._note(beaten.beats, session))
        except OUTAGES as error:
            self._beats = {}
            if isinstance(error, TimeoutError) and self._silent is None:
                self._silent, self._session = self._session, None
            await self._close()
            raise
        await self._close_silent()

    def fence(self, connection: Connection) -> None:
        """See `Claim.fence`."""
        if not connection.execute(_FENCE, {"server": self.name}).all():
            raise LockedError

    async def release(self) -> None:
        """See `Claim.release`."""
        await self._close()  # a beat may have been cut
        if self._has_joined:
            try:
                async with asyncio.timeout(GRACE):  # others then miss it anyway
                    session = await self._connected()
                    await session.execute(_LEAVE, {"server": self._name})
                    await session.execute(_FORGET)
            except OUTAGES as error:
                logger.warning("this server could not sign off from the database: %s", error)
        await self._close()
        await self._close_silent()

    async def replace_older_version(self) -> None:
        """Wait until no server of an older version works on the database, and keep them out.

        Raises `LockedError` after `LOCK_TIMEOUT`.
        """
        session = await self._connected()
        if await session.scalar(text("SELECT to_regclass('lock_holder')")) is None:
            return
        absent_since: float | None = None
        give_up, warned = _now() + LOCK_TIMEOUT, False
        while (holder := await session.scalar(text("SELECT holder FROM lock_holder"))) not in {"", SHARED}:
            if await session.scalar(
                text("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = :holder)"),
                {"holder": holder},
            ):
                absent_since = None
                if _now() >= give_up:
                    raise LockedError
                if not warned:
                    waits()
                    warned = True
            elif absent_since is None:
                absent_since = _now()
            elif _now() - absent_since >= GRACE:
                break
            await asyncio.sleep(BEAT)
        await session.execute(text("UPDATE lock_holder SET holder = :shared"), {"shared": SHARED})

    async def _note(self, beats: Sequence[str], session: AsyncConnection) -> None:
        """Note the beats of other servers, and remove the rows of those that have stopped."""
        now = _now()
        self._beats = {beat: self._beats.get(beat, now) for beat in beats}
        self._others = frozenset(map(_server_of, beats))
        silent, paused = (
            [beat for beat, since in self._beats.items() if now - since >= limit] for limit in (GRACE, LEASE)
        )
        if silent:
            gone = await session.execute(_EXPEL, {"silent": silent, "paused": paused})
            for name in gone.scalars():
                logger.warning("the server %s is gone", name)

    async def _connected(self) -> AsyncConnection:
        if self._session is None:
            # What SQLAlchemy asks a new session may take `LEASE` for each answer.
            async with asyncio.timeout(CONNECT_TIMEOUT):
                self._session = await self._engine.connect()
        return self._session

    async def _close(self) -> None:
        session, self._session = self._session, None
        await _end(session)

    async def _close_silent(self) -> None:
        session, self._silent = self._silent, None
        await _end(session)


def _server_of(beat: str) -> str:
    return beat.partition(" ")[2]


async def _end(session: AsyncConnection | None) -> None:
    if session is not None:
        await session.invalidate()
        await session.close()


def _now() -> float:
    """Seconds that also count while the machine sleeps, where the system can tell."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
