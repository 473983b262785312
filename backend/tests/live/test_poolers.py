"""Servers that reach PostgreSQL through PgBouncer: all is as without it, and only later."""
# ruff: noqa: F401, F811 - tests of another module, with the servers of this one

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

from headwater.live.bells import Bells
from headwater.live.postgresql.channel import PostgresqlChannel
from headwater.storage.connections import Pooler
from headwater.storage.database import open_database
from headwater.storage.pooler import find_pooler
from tests.live.test_bells import Hearing
from tests.live.test_servers import (
    Servers,
    created,
    servers,
    test_a_conversation_is_whole_elsewhere_while_its_reply_runs,
    test_a_reader_goes_from_server_to_server_and_gets_each_event_once,
    test_a_reply_is_stopped_elsewhere,
    test_a_reply_that_is_read_elsewhere_goes_on_and_one_that_nobody_reads_does_not,
    test_a_silent_reply_ends_elsewhere_when_it_is_deleted_for_good,
    test_what_changes_is_announced_elsewhere,
    two_servers,
)
from tests.pgbouncer import needs_pgbouncer, pgbouncer
from tests.postgresql import new_database
from tests.running import RunningServer

pytestmark = needs_pgbouncer

NOTICE = "a pooler in transaction mode"


@pytest.fixture(scope="module")
def lasting(
    postgresql_url: URL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningServer, RunningServer]]:
    """Two servers that have four sessions between them, none of them for longer than a transaction."""
    folder = tmp_path_factory.mktemp("servers")
    with (
        asyncio.Runner() as runner,
        pgbouncer(postgresql_url, folder, "transaction") as pooler,
        two_servers(folder, pooler.set(database=runner.run(created(postgresql_url)).database)) as both,
    ):
        yield both


async def test_a_pooler_is_noticed_once_and_no_feed_is_cut(servers: Servers) -> None:
    """After all tests above: the start of a server counts as one bell that may have been missed."""
    for server, client in ((servers.first, servers.writer), (servers.second, servers.reader)):
        assert server.log.count(NOTICE) == 1
        missed = "headwater_bells_missed_total 1.0" not in (await client.get("/metrics")).text
        assert not missed or "the database is not available" in server.log  # a machine that is too busy


@pytest.fixture
async def in_session_mode(
    postgresql_url: URL, postgresql_template: str, tmp_path: Path
) -> AsyncIterator[URL]:
    async with new_database(postgresql_url, postgresql_template) as url:
        with pgbouncer(url, tmp_path, "session", 40) as pooler:
            yield pooler


async def test_a_pooler_is_found(postgresql_url: URL, in_session_mode: URL, tmp_path: Path) -> None:
    assert await find_pooler(postgresql_url, "a test") is Pooler.NONE
    assert await find_pooler(in_session_mode, "a test") is Pooler.SESSIONS
    with pgbouncer(postgresql_url, tmp_path, "transaction") as pooler:
        assert await find_pooler(pooler, "a test") is Pooler.TRANSACTIONS


async def test_in_session_mode_postgresql_gives_up_slow_statements(in_session_mode: URL) -> None:
    def limit(connection: Connection) -> object:
        return connection.scalar(text("SHOW statement_timeout"))

    async with open_database(in_session_mode) as database:
        limits = await database.read(limit), await database.read(limit, long=True)
        assert limits == ("4s", "96s")


async def test_in_session_mode_a_server_listens(in_session_mode: URL) -> None:
    async with (
        open_database(in_session_mode, to_serve=True) as first,
        open_database(in_session_mode) as second,
    ):
        assert first.keeps_sessions
        listening = Bells(PostgresqlChannel(first))
        hearing = Hearing(listening)
        task = asyncio.create_task(listening.run())
        await hearing.until(restarts=1)
        Bells(PostgresqlChannel(second)).ring("kind", "word")
        await hearing.until(restarts=1, heard=1)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert hearing.heard == [("word",)]
