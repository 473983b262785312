"""Tells an outage of the database from a fault of a statement."""

import errno
import re
import sqlite3

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError


class LostFileError(OSError):
    """SQLite's file was deleted or replaced under the server; `reason` is the end of a sentence."""

    def __init__(self, reason: str, path: str) -> None:
        super().__init__(path)
        self.reason = reason


_UNUSABLE = (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What tells that a connection cannot be used, the last because PostgreSQL is just about to end it."""

OUTAGES = (DBAPIError, TimeoutError, PoolTimeoutError, asyncpg.PostgresError, *_UNUSABLE)
"""What an outage may raise; `outage_reason` says whether it is one."""


_REFUSED = {errno.ECONNREFUSED, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
"""A refusal, and what an address of IPv6 gives on a machine without it."""

_STOPPED = "it refuses connections"
_FULL = "its disk is full"
_SILENT = "it does not answer"

_SQLITE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: "its disk fails",
    sqlite3.SQLITE_CANTOPEN: "its file cannot be opened",
    sqlite3.SQLITE_READONLY: "its file is read-only",
    sqlite3.SQLITE_BUSY: "another program writes to it",
}
"""By the lowest byte of SQLite's error code."""

_POSTGRESQL = {
    "53100": _FULL,
    "53": "it has too few resources",
    "57P": _STOPPED,
    "08": _STOPPED,
    "25006": "it is read-only",
    "58": "its disk fails",
}
"""By the beginning of PostgreSQL's SQLSTATE; the first that fits counts."""


def outage_reason(error: BaseException) -> str | None:
    """Why the database is not available, as the end of a sentence; None for any other error."""
    cause = _cause(error)
    if isinstance(cause, sqlite3.Error):
        code: int = getattr(cause, "sqlite_errorcode", 0)
        return _SQLITE.get(code & 0xFF)
    if isinstance(cause, LostFileError):
        return cause.reason
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        return next((reason for start, reason in _POSTGRESQL.items() if state.startswith(start)), None)
    if isinstance(cause, TimeoutError | PoolTimeoutError):
        return _SILENT
    if isinstance(cause, asyncpg.DataError):  # a wrong parameter, which asyncpg counts as misuse of it
        return None
    if isinstance(cause, _UNUSABLE) or _is_disconnect(error):
        return _STOPPED
    return None


def is_slow(error: BaseException) -> bool:
    """Whether PostgreSQL gave up a statement because it took too long, which tells nothing of others."""
    return getattr(_cause(error), "sqlstate", None) == "57014"


def is_refusal(error: BaseException) -> bool:
    """Whether an error of connecting tells that nobody else can connect either.

    Either PostgreSQL says that it is stopped, or its machine refuses at each of its addresses. A network that
    is cut may fail as quickly, but then others may still connect.
    """
    cause = _cause(error)
    if isinstance(cause, OSError):
        # Of several addresses, asyncio tells the numbers in the text alone.
        numbers = {int(number) for number in re.findall(r"\[Errno (\d+)\]", str(cause))}
        return errno.ECONNREFUSED in numbers and numbers <= _REFUSED
    return (getattr(cause, "sqlstate", None) or "").startswith("57P")


def _cause(error: BaseException) -> BaseException | None:
    """What the driver raised."""
    return error.orig if isinstance(error, DBAPIError) else error


def _is_disconnect(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated
