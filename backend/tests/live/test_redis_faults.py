"""Two servers whose limits and bells go through a Valkey, to which everything happens."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy.engine import URL

from tests.live.test_servers import WORDS, Servers, clients_of, opened, read, start, two_servers
from tests.postgresql import new_database
from tests.running import text_of
from tests.valkey import ValkeyServer, valkey_server

PATIENCE = 60


@pytest.fixture
async def servers(
    postgresql_url: URL, postgresql_template: str, tmp_path: Path
) -> AsyncIterator[tuple[Servers, ValkeyServer]]:
    with valkey_server() as valkey:
        async with new_database(postgresql_url, postgresql_template) as url:
            with two_servers(tmp_path, url, HEADWATER_REDIS_URL=valkey.url) as both:
                async with clients_of(*both) as servers:
                    yield servers, valkey


async def until_away(servers: Servers, is_away: bool) -> None:
    """Until both servers say so, which stay ready all the time."""
    async with asyncio.timeout(PATIENCE):
        for client in (servers.writer, servers.reader):
            while f"headwater_redis_away {float(is_away)}" not in (await client.get("/metrics")).text:
                assert (await client.get("/readyz")).status_code == 200


async def stop(client: httpx.AsyncClient, elsewhere: httpx.AsyncClient) -> None:
    """Start a reply, and stop it on the other server."""
    started = await start(client, script={"tokens_per_second": 5})
    reading = asyncio.create_task(read(client, started["generation"]))
    path = f"/api/generations/{started['generation']}/cancel"
    assert (await elsewhere.post(path)).status_code == 202
    async with asyncio.timeout(PATIENCE):
        assert (await reading)[-1].data["status"] == "cancelled"


async def test_whatever_happens_to_redis_replies_go_on(servers: tuple[Servers, ValkeyServer]) -> None:
    both, valkey = servers
    started = await start(both.writer, script={"tokens_per_second": 40})
    reading = asyncio.create_task(read(both.reader, started["generation"]))
    async with asyncio.timeout(PATIENCE):
        while b":slots:" not in valkey.ask("KEYS", "headwater:*"):
            await stop(both.writer, both.reader)  # once each knows of the other
    assert b":bells" in valkey.ask("PUBSUB", "CHANNELS")
    for fault in (["SCRIPT", "FLUSH"], ["FLUSHALL"], ["CLIENT", "KILL", "TYPE", "pubsub"]):
        valkey.ask(*fault)
        await stop(both.writer, both.reader)
    valkey.pause()
    await stop(both.writer, both.reader)
    await until_away(both, True)
    valkey.resume()
    await until_away(both, False)
    valkey.kill()
    await stop(both.writer, both.reader)
    await until_away(both, True)
    await stop(both.reader, both.writer)
    async with asyncio.timeout(PATIENCE):
        events = await reading
    assert (text_of(events), events[-1].data["status"]) == (WORDS, "completed")
    assert (await opened(both.reader, started["conversation"]))["messages"][-1]["text"] == WORDS
    valkey.start()
    await until_away(both, False)
    await stop(both.writer, both.reader)
    for server in (both.first, both.second):
        assert server.log.count("Redis is away") == server.log.count("Redis is back") >= 2
