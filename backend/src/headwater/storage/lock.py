"""One server at a time: a second one would take what the first one writes for what a crash left."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Protocol

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

CLAIM_TIMEOUT = 15.0
"""Seconds that a server waits for the one before it to end."""

_KEY = 0x48656164_77617465
"""PostgreSQL's name of the lock: "Headwate" as a number."""


class AlreadyClaimedError(Exception):
    """Another server works on the database."""


class Claim(Protocol):
    """A database that is this server's; a process that ends, however it does, gives it up."""

    async def release(self) -> None:
        """Give it up."""
        ...


async def claim(engine: AsyncEngine) -> Claim:
    """Claim a database for this server. Raises `AlreadyClaimedError` after `CLAIM_TIMEOUT`."""
    if engine.dialect.name == "sqlite":
        return _FileClaim(await asyncio.to_thread(_lock_file, f"{engine.url.database}.lock"))
    return _SessionClaim(await _lock_session(engine))


class _FileClaim:
    """An open transaction in a file beside SQLite's own."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def release(self) -> None:
        self._connection.close()


def _lock_file(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, CLAIM_TIMEOUT, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        with closing(connection):
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise AlreadyClaimedError from None
            raise
    return connection


class _SessionClaim:
    """A lock of a connection to PostgreSQL that stays open."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def release(self) -> None:
        # The lock is the connection's: back in the pool it would keep it.
        await self._connection.invalidate()
        await self._connection.close()


async def _lock_session(engine: AsyncEngine) -> AsyncConnection:
    connection = await engine.connect()
    try:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(f"SET lock_timeout = {int(CLAIM_TIMEOUT * 1000)}"))
        await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _KEY})
    except DBAPIError as error:
        await connection.invalidate()
        await connection.close()
        if getattr(error.orig, "sqlstate", None) == "55P03":  # lock_not_available
            raise AlreadyClaimedError from None
        raise
    return connection
