"""Two servers whose ways to PostgreSQL fall silent, are slow, or lose connections."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pytest
from sqlalchemy.engine import URL

from tests.live.test_servers import WORDS, Servers, clients_of, created, opened, read, start, two_servers
from tests.postgresql_proxy import PostgresqlProxy, proxied
from tests.running import RunningServer, SseEvent, text_of


@dataclass
class Ways:
    """Two servers, and the proxy between each of them and PostgreSQL."""

    first: PostgresqlProxy
    second: PostgresqlProxy
    servers: tuple[RunningServer, RunningServer]


@pytest.fixture(scope="module")
def ways(postgresql_url: URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ways]:
    with ExitStack() as stack:
        url = stack.enter_context(asyncio.Runner()).run(created(postgresql_url))
        first, second = (stack.enter_context(proxied(url)) for _ in range(2))
        folder = tmp_path_factory.mktemp("servers")
        yield Ways(
            first,
            second,
            stack.enter_context(two_servers(folder, first.url, second.url, HEADWATER_ABANDON_AFTER="60")),
        )


@pytest.fixture
async def servers(ways: Ways) -> AsyncIterator[Servers]:
    async with clients_of(*ways.servers) as both:
        yield both
    for server in ways.servers:
        assert "is gone" not in server.log


async def ready(client: httpx.AsyncClient, status: int) -> str:
    """Wait until the server is ready or not; why it is not."""
    async with asyncio.timeout(40):
        while (response := await client.get("/readyz")).status_code != status:
            pass
        return str(response.json().get("detail"))


async def expect_whole(
    servers: Servers, started: dict[str, str], reading: asyncio.Task[list[SseEvent]]
) -> None:
    """It was read to its end on the second server, and its row says the same."""
    async with asyncio.timeout(60):
        events = await reading
    assert (text_of(events), events[-1].data["status"]) == (WORDS, "completed")
    reply = (await opened(servers.reader, started["conversation"]))["messages"][-1]
    assert (reply["text"], reply["outcome"]["status"]) == (WORDS, "completed")


async def test_a_server_whose_postgresql_is_silent_says_so_and_goes_on_afterwards(
    ways: Ways, servers: Servers
) -> None:
    started = await start(servers.writer, script={"tokens_per_second": 30})
    reading = asyncio.create_task(read(servers.reader, started["generation"]))
    await read(servers.reader, started["generation"], until=20)
    ways.first.be_silent()
    try:
        async with asyncio.timeout(20):
            body = {"message": "hello", "model": "scripted/echo"}
            refused = await servers.writer.post("/api/chat", json=body)
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert int(refused.headers["retry-after"]) > 0
        assert "does not answer" in await ready(servers.writer, 503)
        assert (await servers.reader.get("/readyz")).status_code == 200
    finally:
        ways.first.speak()
    await ready(servers.writer, 200)
    await expect_whole(servers, started, reading)
    assert servers.first.log.count("the database is not available") == 1


async def test_servers_whose_round_trips_are_slow_do_everything_and_connect_again(
    ways: Ways, servers: Servers
) -> None:
    for way in (ways.first, ways.second):
        way.delay = 0.2
    try:
        started = await start(servers.writer, script={"tokens_per_second": 30})
        reading = asyncio.create_task(read(servers.reader, started["generation"]))
        await read(servers.reader, started["generation"], until=20)
        ways.first.lose_connections()
        await ready(servers.writer, 503)
        await expect_whole(servers, started, reading)
        endless = await start(servers.writer, script={"tokens_per_second": 1})
        reading = asyncio.create_task(read(servers.writer, endless["generation"]))
        assert (
            await servers.reader.post(f"/api/generations/{endless['generation']}/cancel")
        ).status_code == 202
        async with asyncio.timeout(40):
            assert (await reading)[-1].data["status"] == "cancelled"
    finally:
        for way in (ways.first, ways.second):
            way.delay = 0
