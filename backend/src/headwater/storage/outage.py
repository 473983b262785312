"""Tells an outage of the database from a fault of a statement."""

import sqlite3

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

OUTAGES = (DBAPIError, OSError, TimeoutError, PoolTimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What an outage may raise; `outage_reason` says whether it is one."""

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
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        code: int = getattr(cause, "sqlite_errorcode", 0)
        return _SQLITE.get(code & 0xFF)
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        return next((reason for start, reason in _POSTGRESQL.items() if state.startswith(start)), None)
    if isinstance(cause, TimeoutError | PoolTimeoutError):
        return _SILENT
    if isinstance(cause, OSError | asyncpg.InterfaceError) or _is_disconnect(error):
        return _STOPPED
    return None


def is_refusal(error: BaseException) -> bool:
    """Whether it tells that nobody can use the database: it is not reachable, or says that it is stopped."""
    return outage_reason(error) == _STOPPED


def _is_disconnect(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated
