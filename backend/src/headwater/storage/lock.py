"""The claim of a server to a database. SQLite takes one server at a time, PostgreSQL many (`servers.py`)."""

import asyncio
import logging
import sqlite3
from contextlib import closing
from typing import Protocol

from sqlalchemy import Connection

logger = logging.getLogger(__name__)

LOCK_TIMEOUT = 15.0
"""Seconds that a new server waits for the previous one to end."""


class LockedError(Exception):
    """Others work on the database, and this server may not."""


class Claim(Protocol):
    """The right to write, which lasts until it is released, or the process ends."""

    @property
    def others(self) -> int:
        """How many other servers have the same right."""
        ...

    @property
    def is_first(self) -> bool:
        """Whether this one comes first among those that live; while that changes, more than one may."""
        ...

    @property
    def name(self) -> str:
        """The server's name in the database; empty for a file."""
        ...

    @property
    def is_sure(self) -> bool:
        """Whether nobody can have taken it away."""
        ...

    async def join(self) -> None:
        """Make it known, once the schema has a place for it."""
        ...

    async def verify(self) -> None:
        """Look whether this server still has it. Raises `LockedError`, or one of `OUTAGES`."""
        ...

    def fence(self, connection: Connection) -> None:
        """Make sure that this server keeps it until the transaction ends. Raises `LockedError`."""
        ...

    async def release(self) -> None:
        """Give it up."""
        ...


async def lock_file(path: str) -> "FileLock":
    """Lock a file for this server. Raises `LockedError` after `LOCK_TIMEOUT`."""
    return FileLock(await asyncio.to_thread(_lock, path))


def waits() -> None:
    """Say that this server waits for another one."""
    logger.warning("another server works on this database; waiting %g s for it to end", LOCK_TIMEOUT)


class FileLock:
    """A `Claim`: an open transaction in a file beside SQLite's own, which lasts as long as the process."""

    is_sure = True
    name = ""
    others = 0
    is_first = True

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def join(self) -> None:
        """See `Claim.join`."""

    async def verify(self) -> None:
        """See `Claim.verify`."""

    def fence(self, connection: Connection) -> None:
        """See `Claim.fence`."""

    async def release(self) -> None:
        """See `Claim.release`."""
        self._connection.close()


def _lock(path: str) -> sqlite3.Connection:
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
                waits()
        else:
            return connection
    with closing(connection):
        raise LockedError
