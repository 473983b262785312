"""A PostgreSQL server: a pool of connections, and statements that are a transaction by themselves.

Transactions go through SQLAlchemy. Single statements go straight to the driver, because SQLAlchemy takes
several times the processor time of a statement.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import Connection, NullPool, TextClause, text
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.util import greenlet_spawn

from headwater.storage.connections import ANSWER_TIMEOUT, LONG_ANSWER_TIMEOUT, Pooler, connections, driver_of
from headwater.storage.outage import OUTAGES
from headwater.storage.servers import POOLED
from headwater.storage.uncancelled import END_TIMEOUT, uncancelled

CHANNEL = "headwater"
"""The channel of all notifications."""

COLLECT_EVERY = 0.1
"""Seconds after which a server that cannot listen looks for notifications."""

POOL_TIMEOUT = 10.0
"""Seconds that a transaction waits for a connection while others use all of them."""

LONG_RECYCLE = 10.0
"""Seconds for which a connection for long statements is used, so that none is that was lost meanwhile."""

T = TypeVar("T")

_NOTIFY = text(f"""
    WITH new AS (
        SELECT payload FROM unnest(CAST(:payloads AS text[])) AS new(payload)
    ), pooled AS (
        SELECT name FROM servers WHERE name LIKE '{POOLED} %' FOR KEY SHARE
    ), kept AS (
        INSERT INTO bells (server, payload) SELECT name, payload FROM pooled, new
    )
    SELECT pg_notify(:channel, payload) FROM new""")  # noqa: S608
_COLLECT = text("DELETE FROM bells WHERE server = :server RETURNING payload")


class Postgresql:
    """Transactions in a database of PostgreSQL, of a server with this name."""

    def __init__(self, url: URL, name: str, pooler: Pooler = Pooler.NONE) -> None:
        self._url, self._name, self._pooler = url, name, pooler
        self._engine = connections(
            url, name, ANSWER_TIMEOUT, pooler, pool_size=10, max_overflow=14, pool_timeout=POOL_TIMEOUT
        )
        self._long = connections(
            url,
            name,
            LONG_ANSWER_TIMEOUT,
            pooler,
            pool_size=1,
            max_overflow=5,
            pool_timeout=POOL_TIMEOUT,
            pool_recycle=LONG_RECYCLE,
        )
        self.engine = self._engine.sync_engine
        self._readers, self._long_readers = (
            engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            for engine in (self._engine, self._long)
        )
        self._single = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    async def read(self, work: Callable[[Connection], T], *, single: bool, long: bool) -> T:
        """The result of `work`, which sees one state; without a transaction if it is a `single` statement."""
        readers = self._long_readers if long else self._single if single else self._readers
        async with _transaction(readers) as connection:
            return await connection.run_sync(work)

    async def write(self, work: Callable[[Connection], T], *, first: bool, long: bool) -> T:  # noqa: ARG002
        """The result of `work`, once it is committed. Nobody waits here, so `first` means nothing."""
        async with _transaction(self._long if long else self._engine) as connection:
            return await connection.run_sync(work)

    async def migrate(self, work: Callable[[Connection], None]) -> None:
        """Do `work` in a transaction, however long it takes."""
        engine = connections(self._url, self._name, None, self._pooler, poolclass=NullPool)
        async with _transaction(engine) as connection:
            await connection.run_sync(work)

    async def execute(self, statement: TextClause, parameters: Mapping[str, Any]) -> asyncpg.Record:
        """The one row of a statement that is a transaction by itself, which takes one round trip."""
        (row,) = await uncancelled(self.fetch(statement, parameters), END_TIMEOUT)
        return row

    async def fetch(self, statement: TextClause, parameters: Mapping[str, Any]) -> Sequence[asyncpg.Record]:
        """The rows of a statement that is a transaction by itself."""
        query, names = _native(statement)
        async with self._driver(query) as driver:
            rows: Sequence[asyncpg.Record] = await driver.fetch(query, *[parameters[name] for name in names])
            return rows

    async def notify(self, payloads: Sequence[str]) -> None:
        """Send notifications to every server."""
        await self.fetch(_NOTIFY, {"channel": CHANNEL, "payloads": list(payloads)})

    @asynccontextmanager
    async def listening(self, heard: Callable[[str], None]) -> AsyncIterator[asyncio.Event]:
        """Call `heard` with notifications; the event is set once they are lost.

        Behind a pooler in transaction mode, they are rows that are looked for.
        """
        way = self._collecting if self._pooler is Pooler.TRANSACTIONS else self._notified
        async with way(heard) as lost:
            yield lost

    @asynccontextmanager
    async def _collecting(self, heard: Callable[[str], None]) -> AsyncIterator[asyncio.Event]:
        lost = asyncio.Event()

        async def collect() -> None:
            with suppress(*OUTAGES):  # whoever listens begins anew, and the beat says what is the matter
                while True:
                    for row in await self.fetch(_COLLECT, {"server": self._name}):
                        heard(row["payload"])
                    await asyncio.sleep(COLLECT_EVERY)
            lost.set()

        collecting = asyncio.create_task(collect())
        try:
            yield lost
        finally:
            collecting.cancel()
            await asyncio.wait([collecting])

    @asynccontextmanager
    async def _notified(self, heard: Callable[[str], None]) -> AsyncIterator[asyncio.Event]:
        lost = asyncio.Event()
        connection = await self._single.connect()
        try:
            driver = await driver_of(connection)
            driver.add_termination_listener(lambda _: lost.set())
            await driver.add_listener(CHANNEL, lambda *notified: heard(notified[-1]))
            yield lost
        finally:
            await connection.invalidate()
            await connection.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()
        await self._long.dispose()

    @asynccontextmanager
    async def _driver(self, query: str) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the pool, as the driver has it. Errors are SQLAlchemy's."""
        try:
            pooled = await self._engine.raw_connection()
        except self.engine.dialect.loaded_dbapi.Error as error:
            raise DBAPIError(query, None, error) from error
        driver: Any = pooled.driver_connection
        is_usable = False
        try:
            yield driver
            is_usable = True
        except TimeoutError as error:
            # As SQLAlchemy does itself, see `connections.py`.
            self.engine.pool._invalidate(pooled, error, _checkin=False)  # noqa: SLF001
            raise
        except (asyncpg.PostgresError, asyncpg.DataError, asyncpg.InternalClientError) as error:
            # The last is what a connection raises that PostgreSQL is about to close.
            is_usable = not isinstance(error, asyncpg.InternalClientError) and not driver.is_closed()
            is_taken = isinstance(error, asyncpg.IntegrityConstraintViolationError)
            kind = IntegrityError if is_taken else DBAPIError
            raise kind(query, None, error, connection_invalidated=not is_usable) from error
        finally:
            if not is_usable:
                await greenlet_spawn(pooled.invalidate)
            await greenlet_spawn(pooled.close)


@asynccontextmanager
async def _transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction, whose end is waited for even if the caller is cancelled meanwhile."""
    connection = await engine.connect()
    try:
        await connection.begin()
        yield connection
        await uncancelled(connection.commit(), END_TIMEOUT)
    finally:
        await uncancelled(connection.close(), END_TIMEOUT)  # rolls back what is not committed


@cache
def _native(statement: TextClause) -> tuple[str, Sequence[str]]:
    """A statement as the driver takes it, and the names of its parameters, in order."""
    compiled = statement.compile(dialect=asyncpg_dialect.dialect())  # type: ignore[no-untyped-call]
    return str(compiled), tuple(compiled.positiontup or ())
