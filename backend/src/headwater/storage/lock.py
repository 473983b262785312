"""The database lock: one server at a time, because a second one would close the first one's open replies."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

LOCK_TIMEOUT = 15.0
"""Seconds that a new server waits for the previous one to end."""

_KEY = 0x48656164_77617465
"""PostgreSQL's id of the lock: "Headwate" as a number."""


class LockedError(Exception):
    """Another server works on the database."""


@asynccontextmanager
async def locked(engine: AsyncEngine) -> AsyncIterator[None]:
    """Lock a database for this server. Raises `LockedError` after `LOCK_TIMEOUT`.

    The lock ends with the context, and with the process, even by a crash.
    """
    if engine.dialect.name == "sqlite":
        with closing(await asyncio.to_thread(_lock_file, f"{engine.url.database}.lock")):
            yield
        return
    async with engine.connect() as connection:
        try:
            await _lock_session(connection)
            yield
        finally:
            await connection.invalidate()  # in the pool, it would keep the lock


def _lock_file(path: str) -> sqlite3.Connection:
    """Leave a transaction open in a file beside SQLite's own."""
    connection = sqlite3.connect(path, LOCK_TIMEOUT, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        with closing(connection):
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise LockedError from None
            raise
    return connection


async def _lock_session(connection: AsyncConnection) -> None:
    """Take an advisory lock, which a connection to PostgreSQL holds while it is open."""
    try:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(f"SET lock_timeout = {int(LOCK_TIMEOUT * 1000)}"))
        await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _KEY})
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "55P03":  # lock_not_available
            raise LockedError from None
        raise
