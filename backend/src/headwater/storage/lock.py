"""The database lock: one server at a time, because a second one would close the first one's open replies.

For SQLite it is a lock on a file, which lasts as long as the process. PostgreSQL forgets its locks when it
restarts, so there the server that holds the lock is also named in a row, the **holder**:

- Every transaction that writes first locks that row (`fence`), so nobody writes after the holder has changed.
- A session verifies the holder every `BEAT` seconds. While PostgreSQL is silent, the server cannot know
  whether another one took over: after `SURE_FOR` seconds it hands out no more tokens.
- Another server takes over when the holder has released the lock, or had no session for `GRACE` seconds. A
  living holder connects again long before that. An advisory lock decides between servers that wait.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Protocol

from sqlalchemy import Connection, NullPool, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from headwater.storage.outage import OUTAGES, is_refusal

logger = logging.getLogger(__name__)

LOCK_TIMEOUT = 15.0
"""Seconds that a new server waits for the previous one to end."""

BEAT = 0.25
"""Seconds between two looks at the lock."""

SURE_FOR = 1.5
"""Seconds after the last answer of PostgreSQL in which no other server can have taken over."""

GRACE = 3.0
"""Seconds without a session after which a holder counts as dead; more than `SURE_FOR`."""

CONNECT_TIMEOUT = 5.0
"""Seconds that a connection to PostgreSQL may take."""

_KEY = 0x48656164_77617465
"""PostgreSQL's id of the advisory lock: "Headwate" as a number."""


FENCE = "SELECT holder FROM lock_holder WHERE CAST(:holder AS text) IN (holder, '') FOR SHARE"
"""Gives no row once another server holds the lock; no other takes it before the transaction ends."""

_FENCE = text(FENCE)


class LockedError(Exception):
    """Another server works on the database."""


class DatabaseLock(Protocol):
    """Held by this server until it is released, or the process ends."""

    @property
    def is_sure(self) -> bool:
        """Whether no other server can have taken over."""
        ...

    async def claim(self) -> None:
        """Become the holder, once the schema has a place for it."""
        ...

    async def verify(self) -> None:
        """Look whether this server still holds it. Raises `LockedError`, or one of `OUTAGES`."""
        ...

    @property
    def holder(self) -> str:
        """The name that the row must have; empty if any will do."""
        ...

    def fence(self, connection: Connection) -> None:
        """Make sure that this server holds it until the transaction ends. Raises `LockedError`."""
        ...

    async def release(self) -> None:
        """Let another server have it."""
        ...


async def lock(url: URL, arguments: Mapping[str, Any]) -> DatabaseLock:
    """Lock a database for this server. Raises `LockedError` after `LOCK_TIMEOUT`.

    `arguments` are the driver's, for connections to PostgreSQL.
    """
    if url.get_backend_name() == "sqlite":
        return _FileLock(await asyncio.to_thread(_lock_file, f"{url.database}.lock"))
    session_lock = _SessionLock(url, arguments)
    try:
        await session_lock.acquire()
    except BaseException:
        await session_lock.release()
        raise
    return session_lock


def _waits() -> None:
    logger.warning("another server works on this database; waiting %g s for it to end", LOCK_TIMEOUT)


class _FileLock:
    """An open transaction in a file beside SQLite's own."""

    is_sure = True
    holder = ""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def claim(self) -> None:
        pass

    async def verify(self) -> None:
        pass

    def fence(self, connection: Connection) -> None:
        pass

    async def release(self) -> None:
        self._connection.close()


def _lock_file(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for timeout in (0, LOCK_TIMEOUT):
        connection.execute(f"PRAGMA busy_timeout = {int(timeout * 1000)}")
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                connection.close()
                raise
            if timeout == 0:
                _waits()
        else:
            return connection
    with closing(connection):
        raise LockedError


class _SessionLock:
    def __init__(self, url: URL, arguments: Mapping[str, Any]) -> None:
        self._holder: str = arguments["server_settings"]["application_name"]
        self._engine = create_async_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={**arguments}
        )
        self._session: AsyncConnection | None = None
        self._has_advisory_lock = False
        self._is_claimed = False
        self._answered_at = float("-inf")

    @property
    def is_sure(self) -> bool:
        return asyncio.get_running_loop().time() - self._answered_at < SURE_FOR

    async def acquire(self) -> None:
        await self._wait_until_free()
        if await self._has_row():
            await self.claim()  # before the schema changes: the last holder may still come back

    async def _wait_until_free(self) -> None:
        now = asyncio.get_running_loop().time
        give_up, absent_since, warned = now() + LOCK_TIMEOUT, None, False
        while True:
            free = await self._take_advisory_lock()
            other = await self._holder_in_row() if free and await self._has_row() else ""
            if free and other in {"", self._holder}:
                return
            if free and not await self._has_sessions(other):
                absent_since = now() if absent_since is None else absent_since
                if now() - absent_since >= GRACE:
                    return
            else:
                absent_since = None
                await self._leave_advisory_lock()
                if now() >= give_up:
                    raise LockedError
                if not warned:
                    _waits()
                    warned = True
            await asyncio.sleep(BEAT)

    async def claim(self) -> None:
        await (await self._connected()).execute(
            text("UPDATE lock_holder SET holder = :holder"), {"holder": self._holder}
        )
        self._is_claimed = True
        self._answered_at = asyncio.get_running_loop().time()

    async def verify(self) -> None:
        asked_at = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(SURE_FOR):
                try:
                    await self._connected()
                except OUTAGES as error:
                    # Where nobody can connect, nobody can take over.
                    if is_refusal(error):
                        self._answered_at = asked_at
                    raise
                await self._take_advisory_lock()
                holder = await self._holder_in_row()
        except OUTAGES:
            await self._close()
            raise
        if holder != self._holder:
            self._answered_at = float("-inf")
            raise LockedError
        self._answered_at = asked_at

    @property
    def holder(self) -> str:
        return self._holder if self._is_claimed else ""

    def fence(self, connection: Connection) -> None:
        if not connection.execute(_FENCE, {"holder": self.holder}).all():
            raise LockedError

    async def release(self) -> None:
        if self._is_claimed:
            try:
                async with asyncio.timeout(SURE_FOR):
                    await (await self._connected()).execute(
                        text("UPDATE lock_holder SET holder = '' WHERE holder = :holder"),
                        {"holder": self._holder},
                    )
            except OUTAGES as error:
                logger.warning("the lock of the database could not be released: %s", error)
        await self._close()
        await self._engine.dispose()

    async def _connected(self) -> AsyncConnection:
        if self._session is None:
            self._session = await self._engine.connect()
        return self._session

    async def _take_advisory_lock(self) -> bool:
        if not self._has_advisory_lock:
            session = await self._connected()
            taken = await session.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _KEY})
            self._has_advisory_lock = bool(taken)
        return self._has_advisory_lock

    async def _leave_advisory_lock(self) -> None:
        if self._has_advisory_lock:
            session = await self._connected()
            await session.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _KEY})
            self._has_advisory_lock = False

    async def _has_row(self) -> bool:
        """Whether the table is there; an older version has none."""
        session = await self._connected()
        return await session.scalar(text("SELECT to_regclass('lock_holder')")) is not None

    async def _holder_in_row(self) -> str:
        """The name of the holder; empty if there is none."""
        session = await self._connected()
        holder: str = await session.scalar(text("SELECT holder FROM lock_holder"))
        return holder

    async def _has_sessions(self, holder: str) -> bool:
        session = await self._connected()
        query = text("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = :holder)")
        return bool(await session.scalar(query, {"holder": holder}))

    async def _close(self) -> None:
        session, self._session, self._has_advisory_lock = self._session, None, False
        if session is not None:
            await session.invalidate()
            await session.close()
