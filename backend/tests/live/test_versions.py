"""Servers of this version on a database whose schema a newer one has extended."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy.engine import URL

from headwater.storage.database import open_database
from tests.live.test_servers import WORDS, Servers, clients_of, opened, read, start, two_servers
from tests.postgresql import new_database
from tests.running import RunningServer, text_of
from tests.storage.test_database import upgraded


@pytest.fixture
async def url(postgresql_url: URL, postgresql_template: str) -> AsyncIterator[URL]:
    async with new_database(postgresql_url, postgresql_template) as url:
        yield url


async def test_servers_go_on_and_start_beside_a_newer_version(url: URL, tmp_path: Path) -> None:
    with two_servers(tmp_path, url) as both:
        async with clients_of(*both) as servers:
            running = await start(servers.writer, script={"tokens_per_second": 50})
            await read(servers.reader, running["generation"], until=20)
            async with open_database(url) as database:
                await database.write(upgraded)
            assert text_of(await read(servers.reader, running["generation"])) == WORDS
            both[1].stop()
            environment = both[1].environment
            with_newer = RunningServer(tmp_path / "second", environment)
            try:
                await check(with_newer.wait_until_ready(), servers, running)
            finally:
                with_newer.stop()
            assert "Traceback" not in with_newer.log, with_newer.log


async def check(second: RunningServer, servers: Servers, running: dict[str, str]) -> None:
    async with httpx.AsyncClient(base_url=second.url, timeout=40, headers=servers.writer.headers) as reader:
        started = await start(servers.writer)
        assert text_of(await read(reader, started["generation"])) == WORDS
        again = await start(reader)
        assert text_of(await read(servers.writer, again["generation"])) == WORDS
        for conversation in (running["conversation"], again["conversation"]):
            reply = (await opened(servers.writer, conversation))["messages"][-1]
            assert (reply["text"], reply["outcome"]["status"]) == (WORDS, "completed")
