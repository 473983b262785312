"""The database lock: one server at a time, because a second one would close the first one's open replies."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Protocol

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

LOCK_TIMEOUT = 15.0
"""Seconds that a new server waits for the previous one to end."""

_KEY = 0x48656164_77617465
"""PostgreSQL's id of the lock: "Headwate" as a number."""


class LockedError(Exception):
    """Another server works on the database."""


class DatabaseLock(Protocol):
    """Held by this server; released when its process ends, even by a crash."""

    async def release(self) -> None:
        """Let another server have it."""
        ...


async def lock(engine: AsyncEngine) -> DatabaseLock:
    """Lock a database for this server. Raises `LockedError` after `LOCK_TIMEOUT`."""
    if engine.dialect.name == "sqlite":
        return _FileLock(await asyncio.to_thread(_lock_file, f"{engine.url.database}.lock"))
    return _SessionLock(await _lock_session(engine))


class _FileLock:
    """An open transaction in a file beside SQLite's own."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def release(self) -> None:
        self._connection.close()


def _lock_file(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, LOCK_TIMEOUT, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        with closing(connection):
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise LockedError from None
            raise
    return connection


class _SessionLock:
    """An advisory lock, held by a connection to PostgreSQL that stays open."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def release(self) -> None:
        # A connection that returned to the pool would keep the lock.
        await self._connection.invalidate()
        await self._connection.close()


async def _lock_session(engine: AsyncEngine) -> AsyncConnection:
    connection = await engine.connect()
    try:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(f"SET lock_timeout = {int(LOCK_TIMEOUT * 1000)}"))
        await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _KEY})
    except DBAPIError as error:
        await connection.invalidate()
        await connection.close()
        if getattr(error.orig, "sqlstate", None) == "55P03":  # lock_not_available
            raise LockedError from None
        raise
    return connection
