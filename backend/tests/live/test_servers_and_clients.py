"""Two servers on one PostgreSQL, which share no folder: who a client is, and what it may ask for."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from sqlalchemy.engine import URL

from headwater.cli import main
from tests.live.test_servers import Servers, clients_of, created, read, start, two_servers
from tests.running import RunningServer, SseReader

STARTS = 12
MOST = 4


@pytest.fixture(scope="module")
def database(postgresql_url: URL) -> URL:
    return asyncio.run(created(postgresql_url))


@pytest.fixture(scope="module")
def lasting(
    database: URL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningServer, RunningServer]]:
    """Two servers whose limits are low. Each test sends an API key of its own, which limits count by."""
    limits = {
        "HEADWATER_RATE_LIMIT": f"{STARTS}/hour",
        "HEADWATER_MAX_ACTIVE_PER_CLIENT": str(MOST),
        "HEADWATER_ABANDON_AFTER": "60",
        "HEADWATER_API_KEYS": "one,two,three,four",
    }
    with two_servers(tmp_path_factory.mktemp("servers"), database, **limits) as servers:
        yield servers


@pytest.fixture
async def servers(lasting: tuple[RunningServer, RunningServer]) -> AsyncIterator[Servers]:
    async with clients_of(*lasting) as both:
        yield both


def use_key(servers: Servers, key: str) -> None:
    for client in (servers.writer, servers.reader):
        client.headers["authorization"] = f"Bearer {key}"


STALLED = {"message": "hello", "model": "scripted/stall"}


async def test_a_cookie_of_one_server_is_known_to_the_other(lasting: tuple[RunningServer, ...]) -> None:
    first, second = lasting
    async with httpx.AsyncClient(timeout=40) as browser:
        answer = await browser.get(f"{first.url}/api/models")
        assert "set-cookie" in answer.headers
        assert len(browser.cookies) == 1
        again = await browser.get(f"{second.url}/api/models")
        assert "set-cookie" not in again.headers
        assert "headwater-client" not in again.headers


async def test_starts_on_both_servers_count_together(servers: Servers) -> None:
    use_key(servers, "one")
    seen = []
    for n in range(STARTS):
        client = (servers.writer, servers.reader)[n % 2]
        started = await client.post(
            "/api/chat",
            json={"message": "hello", "model": "scripted/echo"},
            headers={"accept": "application/json"},
        )
        assert started.status_code == 200, started.text
        seen.append(int(started.headers["ratelimit-remaining"]))
    assert seen == [*reversed(range(STARTS))]
    for client in (servers.writer, servers.reader):
        refused = await client.post("/api/chat", json={"message": "hello", "model": "scripted/echo"})
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert refused.headers["ratelimit-remaining"] == "0"
        assert int(refused.headers["retry-after"]) > 60


async def test_replies_on_both_servers_count_together_until_they_end(servers: Servers) -> None:
    use_key(servers, "two")
    answers = await asyncio.gather(
        *(start_stalled(client) for client in (servers.writer, servers.reader) for _ in range(MOST))
    )
    started = [generation for generation in answers if generation is not None]
    assert len(started) == MOST
    for client in (servers.writer, servers.reader):
        assert await start_stalled(client) is None
    for generation in started:
        assert (await servers.reader.post(f"/api/generations/{generation}/cancel")).status_code == 202
        await read(servers.reader, generation)
    for client in (servers.reader, servers.writer):
        await start(client)


async def start_stalled(client: httpx.AsyncClient) -> str | None:
    """Start a reply that says nothing more; None if too many are running."""
    events = SseReader()
    async with client.stream("POST", "/api/chat", json=STALLED) as response:
        if response.status_code == 429:
            return None
        assert response.status_code == 200, await response.aread()
        async for data in response.aiter_raw():
            for event in events.feed(data):
                return str(event.data["generation"])
    raise AssertionError("a reply begins with its start")


async def test_a_key_that_is_forgotten_counts_on_no_server_and_a_new_one_on_all(
    servers: Servers, database: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("HEADWATER_")]:
        monkeypatch.delenv(name)
    url = database.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("HEADWATER_DATABASE_URL", url)
    old = servers.reader.headers["headwater-client"]
    assert await asyncio.to_thread(main, ["rotate-key"]) == 0
    for client in (servers.writer, servers.reader):
        assert (await client.get("/api/conversations")).status_code == 200
    assert await asyncio.to_thread(main, ["forget-old-keys"]) == 0
    async with asyncio.timeout(40):
        for client in (servers.writer, servers.reader):
            while (await client.get("/api/conversations")).status_code != 401:
                pass
    del servers.writer.headers["headwater-client"], servers.reader.headers["headwater-client"]
    new = (await servers.writer.get("/api/models")).headers["headwater-client"]
    assert new.partition(".")[0] != old.partition(".")[0]
    answer = await servers.reader.get("/api/conversations", headers={"headwater-client": new})
    assert answer.status_code == 200
