"""PostgreSQL falls silent without a reset: nobody waits without end, and what is silent is used no more."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from unittest.mock import Mock

import asyncpg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from headwater.errors import UnavailableError
from headwater.storage import connections, postgresql
from headwater.storage.database import Database, open_database
from tests.postgresql import new_database
from tests.postgresql_proxy import PostgresqlProxy, proxied

SOON = 30.0
"""Seconds within which a busy machine has done what takes about one."""

Call = Callable[[Database], Awaitable[Any]]


@pytest.fixture
async def proxy(postgresql_url: URL, postgresql_template: str) -> AsyncIterator[PostgresqlProxy]:
    async with new_database(postgresql_url, postgresql_template) as url:
        with proxied(url) as proxy:
            yield proxy


@pytest.fixture(autouse=True)
def _short_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "ANSWER_TIMEOUT", 2.0)
    monkeypatch.setattr(connections, "CONNECT_TIMEOUT", 2.0)


@pytest.fixture
async def database(proxy: PostgresqlProxy) -> AsyncIterator[Database]:
    async with open_database(proxy.url) as opened:
        yield opened


def one(connection: Connection) -> Any:
    return connection.scalar(text("SELECT 1"))


CALLS: tuple[Call, ...] = (
    lambda database: database.read(one),
    lambda database: database.read(one, single=True),
    lambda database: database.write(one),
    lambda database: database.execute(text("SELECT 1 AS held, CAST(:server AS text)"), {}),
    lambda database: database.notify(["a bell"]),
)


async def test_a_lost_connection_is_an_outage_and_all_that_wait_are_replaced(
    proxy: PostgresqlProxy, database: Database
) -> None:
    await asyncio.gather(*(database.read(one) for _ in range(2 * len(CALLS))))
    proxy.lose_connections()
    async with asyncio.timeout(SOON):
        for failure in await asyncio.gather(*(call(database) for call in CALLS), return_exceptions=True):
            assert isinstance(failure, UnavailableError)
            assert "does not answer" in str(failure)
        await asyncio.gather(*(call(database) for call in CALLS * 2))


async def test_a_connection_that_shall_hear_notifications_and_is_lost_is_an_outage(
    proxy: PostgresqlProxy, database: Database
) -> None:
    await database.read(one)
    proxy.lose_connections()
    async with asyncio.timeout(SOON):
        with pytest.raises(TimeoutError):
            async with database.listening(lambda _: None):
                pass
        async with database.listening(lambda _: None):
            pass


async def test_a_commit_whose_answer_is_lost_is_an_outage(proxy: PostgresqlProxy, database: Database) -> None:
    def work(connection: Connection) -> None:
        one(connection)
        proxy.lose_connections()

    async with asyncio.timeout(SOON):
        with pytest.raises(UnavailableError, match="does not answer"):
            await database.write(work)


async def test_a_connection_that_is_not_answered_is_an_outage(
    proxy: PostgresqlProxy, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.be_silent()
    async with asyncio.timeout(SOON):
        with pytest.raises(UnavailableError, match="does not answer"):
            await database.read(one)
        proxy.speak()
        assert await database.read(one) == 1
    assert caplog.messages == ["the database is not available: it does not answer"]


async def test_asyncpg_does_not_wait_without_end_for_old_statements_to_be_closed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: object) -> None:
        await asyncio.Event().wait()

    async with asyncio.timeout(SOON):
        monkeypatch.setattr(asyncpg.Connection, "_cleanup_stmts", never)

        def work(connection: Connection) -> None:
            driver: Any = connection.connection.driver_connection
            driver._stmts_to_close = {Mock()}
            one(connection)

        with pytest.raises(UnavailableError, match="does not answer"):
            await database.read(work)


async def test_a_refused_connection_is_an_error_of_sqlalchemy_for_every_call(
    postgresql_url: URL, database: Database
) -> None:
    name = await database.read(lambda connection: connection.scalar(text("SELECT current_database()")))
    await database._store.close()
    other = await asyncpg.connect(
        postgresql_url.set(drivername="postgresql").render_as_string(hide_password=False)
    )
    await other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await other.close()
    for call in CALLS:
        with pytest.raises(DBAPIError, match="not currently accepting connections"):
            await call(database)


async def test_closing_waits_for_nothing_that_is_silent(proxy: PostgresqlProxy) -> None:
    async with asyncio.timeout(SOON):
        async with open_database(proxy.url) as database:
            await asyncio.gather(*(database.read(one) for _ in range(10)))
            proxy.be_silent()


async def test_who_is_cancelled_during_the_first_connection_is_cancelled(
    postgresql_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_connected = asyncio.Event()

    async def never(*_: object, **__: object) -> None:
        has_connected.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncpg.Connection, "prepare", never)  # what SQLAlchemy asks each first connection
    store = postgresql.Postgresql(postgresql_url, "a test")
    reading = asyncio.create_task(store.read(one, single=False, long=False))
    async with asyncio.timeout(SOON):
        await has_connected.wait()
        reading.cancel()
        await asyncio.wait([reading])
    assert reading.cancelled()
    await store.close()


async def test_a_slow_statement_is_refused_but_no_outage(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    slow = text("SELECT :word\nFROM pg_sleep(60)")
    with pytest.raises(UnavailableError, match="too slow"):
        await database.read(lambda connection: connection.scalar(slow, {"word": "private"}))
    assert database.outage is None
    assert caplog.messages == ["a statement took too long: SELECT $1 FROM pg_sleep(60)"]


async def test_what_may_take_long_may(database: Database) -> None:
    sleep = text("SELECT 'x' FROM pg_sleep(2.1)")
    both = (database.read, database.write)
    assert await asyncio.gather(
        *(do(lambda connection: connection.scalar(sleep), long=True) for do in both)
    ) == ["x", "x"]
