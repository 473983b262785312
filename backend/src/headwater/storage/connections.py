"""Connections to PostgreSQL, on none of which anybody waits for an answer without end.

A network that is cut, a machine that is paused and a firewall that drops packets reset no connection: it is
silent, and TCP gives it up after many minutes. So each statement has a time-out. A connection that exceeds it
is an outage like one that was reset: it is cut off, and the others of its pool are replaced before they are
used again, because they may be as dead.

PostgreSQL itself gives up a statement a little sooner. So one that is slow has an answer, and is no outage.
Behind a pooler in transaction mode, nothing can be set for the statements of one program, so there it is one.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from enum import Enum, auto
from functools import partial
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

CONNECT_TIMEOUT = 5.0
"""Seconds that a connection to PostgreSQL may take."""

ANSWER_TIMEOUT = 5.0
"""Seconds that the answer to a statement may take."""

LONG_ANSWER_TIMEOUT = 120.0
"""The same for statements that deal with any number of rows: searches, exports, imports, and removals."""

SLOW = 0.8
"""The part of these times that PostgreSQL has; the rest is for the way to it and back."""

IDLE_IN_TRANSACTION = 10.0
"""Seconds after which PostgreSQL ends a transaction of a server that says nothing, and frees its locks."""

CANCELLED = "cancelled"
"""What SQLAlchemy notes about a connection on which a statement was cancelled."""


class Pooler(Enum):
    """What a pooler before PostgreSQL hands out to the connections of a program, see `pooler.py`."""

    NONE = auto()
    """There is no pooler."""

    SESSIONS = auto()
    TRANSACTIONS = auto()


def connections(
    url: URL,
    name: str,
    answer_timeout: float | None,
    pooler: Pooler = Pooler.NONE,
    **pool: Any,  # noqa: ANN401 - SQLAlchemy's
) -> AsyncEngine:
    """A pool of connections, of a server with this name."""
    limits = {
        "statement_timeout": f"{(answer_timeout or 0) * SLOW * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION * 1000:.0f}",
    }
    arguments: dict[str, Any] = {
        "timeout": CONNECT_TIMEOUT,
        "command_timeout": answer_timeout,
        "connection_class": _Connection,
        "server_settings": {"application_name": name},
    }
    match pooler:
        case Pooler.NONE:  # poolers refuse connections with settings that they do not know
            arguments["server_settings"] |= limits | {
                # Sessions of a server that is out of reach end within about a minute.
                "tcp_keepalives_idle": "10",
                "tcp_keepalives_interval": "5",
            }
        case Pooler.TRANSACTIONS:
            # A statement without a name is prepared and executed without a gap, so it stays in one session.
            arguments |= {
                "statement_cache_size": 0,
                "prepared_statement_cache_size": 0,
                "prepared_statement_name_func": lambda: "",
            }
    engine = create_async_engine(url, connect_args=arguments, **pool)
    if pooler is Pooler.SESSIONS:
        event.listen(engine.sync_engine, "connect", partial(_set, limits))
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    event.listen(engine.sync_engine, "handle_error", _give_up)
    event.listen(engine.sync_engine, "close", _cut_off)
    return engine


async def driver_of(connection: AsyncConnection) -> asyncpg.Connection:
    """The driver's connection of SQLAlchemy's."""
    driver = (await connection.get_raw_connection()).driver_connection
    if driver is None:
        raise AssertionError("a connection has one of its driver")
    return driver


class _Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection whose `command_timeout` also holds where asyncpg has none: for closing old statements."""

    async def _cleanup_stmts(self) -> None:
        async with asyncio.timeout(self._config.command_timeout):
            await super()._cleanup_stmts()


def _set(settings: Mapping[str, str], connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
    statement = ";".join(f"SET {name} = {value}" for name, value in settings.items())
    connection.run_async(lambda driver: driver.execute(statement))


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401 - the driver's own
    """Have the pool connect again where the server has closed a connection, without asking the server."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _give_up(context: ExceptionContext) -> None:
    match context.original_exception:
        case TimeoutError():
            context.is_disconnect = context.invalidate_pool_on_disconnect = True
        case asyncio.CancelledError() if context.connection and not context.connection.invalidated:
            with suppress(NotImplementedError):  # by SQLAlchemy's own first statements, which would ignore it
                context.connection.info[CANCELLED] = True


def _cut_off(connection: Any, record: ConnectionPoolEntry) -> None:  # noqa: ANN401 - the driver's own
    """Close a connection without waiting for its server, which may be silent.

    One whose caller is gone may wait for two seconds, in which asyncpg has its statement cancelled.
    """
    if CANCELLED not in record.info:
        with suppress(RuntimeError):  # uvloop's, where the server has closed it just now
            connection.driver_connection.terminate()
