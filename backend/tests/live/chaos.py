"""Faults at random while servers on one PostgreSQL and one Valkey run and read each other's replies.

python -m tests.live.chaos SECONDS [SEED [MODE]] does so for a while, and says how often each fault came. With
a mode (`transaction`, `session`), the servers reach PostgreSQL through PgBouncer.
"""

import asyncio
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from sqlalchemy.engine import URL

from tests.pgbouncer import pgbouncer
from tests.postgresql import PostgresqlServer, new_database, postgresql_server
from tests.postgresql_proxy import PostgresqlProxy, proxied
from tests.running import RunningServer, SseReader
from tests.valkey import ValkeyServer, valkey_server

WORDS = [f"w{n}" for n in range(400)]
TEXT = " ".join(WORDS)
STORED: dict[str, Any] = {"message": TEXT}
MESSAGE = {"role": "user", "parts": [{"type": "text", "text": TEXT}]}
UNSTORED: dict[str, Any] = {"id": "chat", "messages": [MESSAGE]}

HUNG = 60.0
"""Seconds without anything new after which a reader counts as left hanging."""

POOLED = 40
"""Sessions that PgBouncer opens; in session mode, two servers need as many."""

LOST = 2.0
"""Seconds of text that a killed server may not have saved, on a machine that is busy with all of this."""


@dataclass
class Reading:
    """What a reader has got of a reply, from whichever servers."""

    generation: str
    is_stored: bool
    rate: float
    text: str = ""
    cursor: int = 0
    cuts: int = 0
    outcome: dict[str, Any] | None = None


@dataclass
class Chaos:
    """Servers, and what is done to them."""

    folder: Path
    postgresql: PostgresqlServer
    valkey: ValkeyServer
    url: URL
    random: random.Random
    ways: list[PostgresqlProxy]
    """The proxy between each server and PostgreSQL."""
    servers: list[RunningServer] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    readings: list[Reading] = field(default_factory=list)
    started: int = 0
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """All servers, for as long as the block."""
        try:
            for way in self.ways:
                self.servers.append(await self._start(way))
            async with self._client(self.servers[0]) as client:
                token = (await client.get("/api/models")).headers["headwater-client"]
            self.headers = {"headwater-client": token}
            yield
        finally:
            for server in self.servers:
                self._end(server)
        for log in self.logs:
            assert "Traceback" not in log, log

    async def go_on(self, seconds: float, readers: int, pause: float) -> None:
        """Start and read replies, with a fault about every `pause` seconds."""
        until = time.monotonic() + seconds
        async with asyncio.TaskGroup() as tasks:
            for _ in range(readers):
                tasks.create_task(self._keep_asking(until))
            tasks.create_task(self._break_things(until, pause))
            tasks.create_task(self._keep_servers(until))
        await self._start_missing()

    async def check(self) -> None:
        """What readers saw is what rows say, and nothing is left open."""
        for reading in self.readings:
            assert TEXT.startswith(reading.text), reading
            if not reading.is_stored:
                assert reading.outcome is not None, reading
                assert reading.text == TEXT or reading.outcome["status"] != "completed", reading
                assert reading.outcome["status"] != "lost" or self.started > len(self.servers), reading
                continue
            reply = await self._row(reading)
            outcome, saved = reply["outcome"], reply["text"]
            assert outcome is not None, reading
            assert reading.outcome is not None, reading
            assert outcome["status"] == reading.outcome["status"], (reading, outcome)
            assert TEXT.startswith(saved), reading
            if outcome["status"] == "interrupted":
                lost = len(reading.text[len(saved) :].split())
                assert lost <= LOST * reading.rate, (lost, reading)
            else:
                assert reading.text == saved, reading
            if outcome["status"] == "completed":
                assert saved == TEXT

    async def _keep_asking(self, until: float) -> None:
        while time.monotonic() < until:
            rate = self.random.choice((20.0, 60.0, 150.0))
            path, own = self.random.choice((("/api/chat", STORED), ("/api/ui-message-stream", UNSTORED)))
            body = {**own, "model": "scripted/echo", "script": {"tokens_per_second": rate}}
            try:
                async with (
                    self._client() as client,
                    client.stream("POST", path, json=body, headers=self.headers) as response,
                ):
                    if response.status_code != 200:
                        await asyncio.sleep(0.1)
                        continue
                    generation = response.headers["location"].rpartition("/")[2]
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            reading = Reading(generation, path == "/api/chat", rate)
            self.readings.append(reading)
            await self._read(reading)

    async def _read(self, reading: Reading) -> None:
        """Read a reply to its end, with cuts, each time from any server."""
        news = time.monotonic()
        while reading.outcome is None:
            assert time.monotonic() - news < HUNG, reading
            leave = reading.cursor + self.random.choice((5, 50, 1000))
            headers = {**self.headers, "last-event-id": f"{reading.generation}:{reading.cursor}"}
            try:
                async with (
                    self._client() as client,
                    client.stream(
                        "GET", f"/api/generations/{reading.generation}/events", headers=headers
                    ) as response,
                ):
                    if response.status_code == 404 and not reading.is_stored:
                        reading.outcome = {"status": "lost"}  # with its server
                        break
                    if response.status_code in {502, 503}:
                        await asyncio.sleep(0.1)
                        continue
                    assert response.status_code == 200, (await response.aread(), reading)
                    events = SseReader()
                    async for data in response.aiter_raw():
                        for event in events.feed(data):
                            news = time.monotonic()
                            if event.event == "message":
                                reading.text += event.data["token"]
                                reading.cursor = int(event.id.rpartition(":")[2])
                            elif event.event == "outcome":
                                reading.outcome = event.data
                        if reading.cursor >= leave:
                            reading.cuts += 1
                            break
            except httpx.TransportError:
                await asyncio.sleep(0.1)

    async def _row(self, reading: Reading) -> dict[str, Any]:
        async with asyncio.timeout(HUNG), self._client() as client:
            conversation = None
            while True:
                path = f"/api/generations/{reading.generation}"
                if conversation is not None:
                    path = f"/api/conversations/{conversation}"
                response = await client.get(path, headers=self.headers)
                if response.status_code == 200 and conversation is None:
                    conversation = response.json()["conversation"]
                elif response.status_code == 200:
                    reply: dict[str, Any] = response.json()["messages"][-1]
                    if reply["outcome"] is not None:
                        return reply
                await asyncio.sleep(0.05)

    async def _break_things(self, until: float, pause: float) -> None:
        faults: list[Callable[[], Awaitable[None]]] = [
            self._end_sessions,
            self._end_bells,
            self._restart_postgresql,
            self._pause_postgresql,
            self._silent,
            self._slow_by_200_ms,
            self._lose_connections,
            self._restart_valkey,
            self._pause_valkey,
            self._empty_valkey,
            self._pause_server,
            self._kill_server,
            self._replace_server,
            self._stop_reply,
            self._stop_reply,
        ]
        while time.monotonic() < until:
            await asyncio.sleep(self.random.uniform(0.5, 1.5) * pause)
            fault = self.random.choice(faults)
            self.faults[fault.__name__.strip("_")] += 1
            await fault()

    async def _end_sessions(self) -> None:
        await self._terminate("application_name LIKE 'headwater %'")

    async def _end_bells(self) -> None:
        await self._terminate("query LIKE 'LISTEN%'")

    async def _terminate(self, condition: str) -> None:
        session = await asyncpg.connect(
            self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        )
        await session.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {condition}")
        await session.close()

    async def _restart_postgresql(self) -> None:
        await asyncio.to_thread(self.postgresql.stop)
        await asyncio.to_thread(self.postgresql.start)

    async def _pause_postgresql(self) -> None:
        self.postgresql.pause()
        try:
            await asyncio.sleep(self.random.uniform(0.2, 3))
        finally:
            self.postgresql.resume()

    async def _silent(self) -> None:
        way = self.random.choice(self.ways)
        way.be_silent()
        try:
            await asyncio.sleep(self.random.uniform(0.2, 8))
        finally:
            way.speak()

    async def _slow_by_200_ms(self) -> None:
        for way in self.ways:
            way.delay = 0.2
        try:
            await asyncio.sleep(self.random.uniform(1, 6))
        finally:
            for way in self.ways:
                way.delay = 0

    async def _lose_connections(self) -> None:
        """Until the server has noticed, it saves nothing; so it is not killed meanwhile."""
        place = self.random.randrange(len(self.ways))
        self.ways[place].lose_connections()
        await self._answers(self.servers[place], 503)
        await self._answers(self.servers[place], 200)

    async def _answers(self, server: RunningServer, status: int) -> None:
        """Wait until a server is ready or not, or has ended."""
        async with self._client(server) as client:
            while server.process.poll() is None:
                with suppress(httpx.TransportError):
                    if (await client.get("/readyz")).status_code == status:
                        return
                await asyncio.sleep(0.05)

    async def _restart_valkey(self) -> None:
        await asyncio.to_thread(self.valkey.kill)
        try:
            await asyncio.sleep(self.random.uniform(0, 3))
        finally:
            await asyncio.to_thread(self.valkey.start)

    async def _pause_valkey(self) -> None:
        self.valkey.pause()
        try:
            await asyncio.sleep(self.random.uniform(0.2, 3))
        finally:
            self.valkey.resume()

    async def _empty_valkey(self) -> None:
        for command in ("FLUSHALL", "SCRIPT FLUSH", "CLIENT KILL TYPE pubsub"):
            await asyncio.to_thread(self.valkey.ask, command)

    async def _pause_server(self) -> None:
        server = self.random.choice(self.servers)
        server.process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(self.random.uniform(0.2, 3))
        finally:
            server.process.send_signal(signal.SIGCONT)

    async def _kill_server(self) -> None:
        self.random.choice(self.servers).process.kill()
        await self._start_missing()

    async def _replace_server(self) -> None:
        server = self.random.choice(self.servers)
        server.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(server.process.wait, 40)
        await self._start_missing()

    async def _stop_reply(self) -> None:
        running = [reading for reading in self.readings if reading.outcome is None]
        if running:
            generation = self.random.choice(running).generation
            async with self._client() as client:
                with suppress(httpx.TransportError):
                    await client.post(f"/api/generations/{generation}/cancel", headers=self.headers)

    async def _keep_servers(self, until: float) -> None:
        """Start servers again that the others have given up, as whatever runs them does."""
        while time.monotonic() < until:
            await asyncio.sleep(0.2)
            await self._start_missing()

    async def _start_missing(self) -> None:
        async with self._starting:
            for place, server in enumerate(self.servers):
                if server.process.poll() is not None:
                    self._end(server)
                    if "other servers have given this one up" in server.log:
                        self.faults["gave up"] += 1
                    self.servers[place] = await self._start(self.ways[place])

    async def _start(self, way: PostgresqlProxy) -> RunningServer:
        while True:
            server = await self._started(way)
            if server.greeting:
                return server
            assert "cannot be used" in server.log or "is not available" in server.log, server.log
            self._end(server)
            self.faults["cannot start"] += 1

    async def _started(self, way: PostgresqlProxy) -> RunningServer:
        """A server that is ready, or that ended because its database was away just then."""
        self.started += 1
        folder = self.folder / f"server-{self.started}"
        folder.mkdir()
        environment = {
            "HEADWATER_DATABASE_URL": way.url.set(drivername="postgresql").render_as_string(
                hide_password=False
            ),
            "HEADWATER_REDIS_URL": self.valkey.url,
            "HEADWATER_DATA_DIR": str(self.folder / "data"),
            "HEADWATER_HEARTBEAT": "0.5",
        }
        server = RunningServer(folder, environment)
        with suppress(AssertionError):
            await asyncio.to_thread(server.wait_until_ready)
        return server

    def _end(self, server: RunningServer) -> None:
        server.stop()
        self.logs.append(server.log)

    @asynccontextmanager
    async def _client(self, server: RunningServer | None = None) -> AsyncIterator[httpx.AsyncClient]:
        server = server or self.random.choice(self.servers)
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
            yield client


async def chaos(
    folder: Path,
    postgresql: PostgresqlServer,
    seconds: float,
    seed: int,
    mode: str = "",
    *,
    readers: int = 6,
    pause: float = 1.5,
) -> Chaos:
    """Go on for some seconds. Raises `AssertionError` for the first promise that was broken."""
    async with new_database(postgresql.url) as url, AsyncExitStack() as stack:
        through = stack.enter_context(pgbouncer(url, folder, mode, POOLED)) if mode else url
        valkey = stack.enter_context(valkey_server())
        ways = [stack.enter_context(proxied(through)) for _ in range(2)]
        world = Chaos(folder, postgresql, valkey, url, random.Random(seed), ways)
        async with world.running():
            await world.go_on(seconds, readers, pause)
            await world.check()
        return world


def main() -> None:
    """See the beginning of this file."""
    seconds = float(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1_000_000)
    mode = "".join(sys.argv[3:])
    print(f"seed {seed} {mode}", flush=True)  # noqa: T201
    with tempfile.TemporaryDirectory() as folder, postgresql_server() as postgresql:
        world = asyncio.run(chaos(Path(folder), postgresql, seconds, seed, mode))
    ends = Counter(reading.outcome["status"] for reading in world.readings if reading.outcome)
    cuts = sum(reading.cuts for reading in world.readings)
    print(  # noqa: T201
        f"{len(world.readings)} replies, {cuts} cuts, ended {dict(ends)}; faults {dict(world.faults)}"
    )


if __name__ == "__main__":
    main()
