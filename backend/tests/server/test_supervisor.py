"""Several workers on the same ports, as real processes on a real PostgreSQL."""

import asyncio
import os
import re
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx
import pytest
from sqlalchemy.engine import URL

from tests.exposition import scrape
from tests.postgresql import new_database
from tests.running import RunningServer, SseEvent, free_port, refused_start, sse_events, text_of

WORDS = " ".join(f"w{n}" for n in range(400))
SCRIPT = {"tokens_per_second": 8}
COMPLETED = "headwater_generations_total{code=stop,status=completed}"
TOKENS = "headwater_tokens_total{provider=scripted}"
ACTIVE = "headwater_active_generations"
LOG_LINE = re.compile(r"[\d-]+ [\d:,]+ \w+ (worker \d|supervisor) headwater\.")
SECONDS = 60


@dataclass
class Workers:
    """A server with two workers; all its clients are the same person."""

    process: RunningServer
    database: str
    token: str = ""

    @property
    def pids(self) -> set[int]:
        pid = self.process.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return {int(child) for child in children.split()}

    @property
    def worker_by_generation(self) -> dict[str, str]:
        """Which worker ran the replies that have ended, by the log."""
        line = re.compile(r'worker (\d) headwater\.generations: {"generation":"(\w[\w-]+)"')
        return {generation: number for number, generation in line.findall(self.process.log)}

    def client(self) -> httpx.AsyncClient:
        """A client with connections of its own, so any worker may take them."""
        headers = {"headwater-client": self.token} if self.token else {}
        return httpx.AsyncClient(base_url=self.process.url, timeout=SECONDS, headers=headers)

    async def say(self, message: str) -> str:
        """A whole reply, on a new connection; its generation."""
        async with self.client() as client:
            body = {"message": message, "model": "scripted/echo"}
            response = await client.post("/api/chat", json=body, headers={"Accept": "application/json"})
            assert response.status_code == 200, response.text
            generation: str = response.json()["generation"]
            return generation

    async def say_on_both(self) -> int:
        """Say `one two three` until each worker has answered; how often it was."""
        said = 0
        async with asyncio.timeout(2 * SECONDS):
            while {*self.worker_by_generation.values()} != {"1", "2"}:
                await self.say("one two three")
                said += 1
        return said

    async def metrics(self) -> dict[str, float]:
        async with self.client() as client:
            return await scrape(client)

    async def get(self, path: str) -> httpx.Response:
        async with self.client() as client:
            return await client.get(path)

    async def replies_on_both(self, *, each: int = 1) -> list[list["Reply"]]:
        """Running replies of one worker, and of the other."""
        replies: dict[str, Reply] = {}
        connection = await asyncpg.connect(self.database)
        try:
            async with asyncio.timeout(2 * SECONDS):
                while True:
                    reply = Reply(self)
                    await reply.grow()
                    replies[reply.generation] = reply
                    by_server: dict[str, list[Reply]] = {}
                    for row in await connection.fetch("SELECT id, server FROM generations"):
                        if row["id"] in replies:
                            by_server.setdefault(row["server"], []).append(replies[row["id"]])
                    if len(by_server) == 2 and min(map(len, by_server.values())) >= each:
                        return list(by_server.values())
        finally:
            await connection.close()


@dataclass
class Reply:
    """A reply that is read on a connection of its own."""

    server: Workers
    events: list[SseEvent] = field(default_factory=list)
    grown: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        body = {"message": WORDS, "model": "scripted/echo", "script": SCRIPT}
        async with (
            self.server.client() as client,
            client.stream("POST", "/api/chat", json=body) as response,
        ):
            assert response.status_code == 200, await response.aread()
            async for event in sse_events(response):
                self.events.append(event)
                self.grown.set()

    async def grow(self) -> None:
        """Wait for more of it than may have been on its way."""
        for _ in range(3):
            self.grown.clear()
            async with asyncio.timeout(SECONDS):
                await self.grown.wait()

    async def status(self) -> str:
        """How it has ended, for the reader that began it."""
        async with asyncio.timeout(SECONDS):
            await self.reading
        assert WORDS.startswith(text_of(self.events))
        status: str = self.events[-1].data["status"]
        return status

    async def stop(self) -> None:
        async with self.server.client() as client:
            response = await client.post(f"/api/generations/{self.generation}/cancel")
            assert response.status_code == 202, response.text

    @property
    def generation(self) -> str:
        generation: str = self.events[0].data["generation"]
        return generation


@asynccontextmanager
async def workers(folder: Path, server: URL, template: str, *, drain: int = 0) -> AsyncIterator[Workers]:
    async with new_database(server, template) as database:
        url = database.set(drivername="postgresql").render_as_string(hide_password=False)
        process = RunningServer(
            folder,
            {
                "HEADWATER_WORKERS": "2",
                "HEADWATER_DATABASE_URL": url,
                "HEADWATER_DRAIN_TIMEOUT": str(drain),
                "HEADWATER_HEARTBEAT": "0.2",
            },
        )
        try:
            started = Workers(process.wait_until_ready(), url)
            started.token = (await started.get("/api/models")).headers["headwater-client"]
            yield started
        finally:
            process.stop()
        assert "Traceback" not in process.log, process.log


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what only looking tells."""
    async with asyncio.timeout(SECONDS):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_both_workers_serve_and_are_counted_together(
    tmp_path: Path, postgresql_url: URL, postgresql_template: str
) -> None:
    async with workers(tmp_path, postgresql_url, postgresql_template) as server:
        assert len(server.pids) == 2
        said = await server.say_on_both()
        for _ in range(10):  # whoever is asked
            counted = await server.metrics()
            assert (counted[COMPLETED], counted[TOKENS]) == (said, 3 * said)
        running = [reply for replies in await server.replies_on_both() for reply in replies]
        counted = await server.metrics()
        assert (counted[ACTIVE], counted["headwater_followers"]) == (len(running), len(running))
        server.process.process.send_signal(signal.SIGTERM)
        assert {await reply.status() for reply in running} == {"interrupted"}
        assert await asyncio.to_thread(server.process.process.wait, SECONDS) == 0
        assert server.process.process.stdout.read() == b""  # the greeting was the only line
        lines = server.process.log.splitlines()
        assert [line for line in lines if not LOG_LINE.match(line)] == []


async def test_a_killed_worker_is_replaced_and_the_others_go_on(
    tmp_path: Path, postgresql_url: URL, postgresql_template: str
) -> None:
    async with workers(tmp_path, postgresql_url, postgresql_template) as server:
        said = await server.say_on_both()
        one, other = await server.replies_on_both()
        before = await server.metrics()
        victim = min(server.pids)
        os.kill(victim, signal.SIGKILL)
        await until(lambda: len(server.pids - {victim}) == 2)
        async with asyncio.timeout(SECONDS):
            await asyncio.wait([one[0].reading, other[0].reading], return_when=asyncio.FIRST_COMPLETED)
        killed, alive = (one, other) if one[0].reading.done() else (other, one)
        for reply in killed:
            with pytest.raises(httpx.TransportError):
                await reply.reading
            async with (
                server.client() as client,
                client.stream("GET", f"/api/generations/{reply.generation}/events") as response,
            ):
                events = [event async for event in sse_events(response)]
            assert events[-1].data["status"] == "interrupted"
            assert WORDS.startswith(text_of(events))
        for reply in alive:
            await reply.grow()
        after = await server.metrics()
        assert after[COMPLETED] == before[COMPLETED] == said
        assert after[TOKENS] > before[TOKENS]
        assert after[ACTIVE] == len(alive)
        assert "it was ended by SIGKILL; it starts again in 0 s" in server.process.log
        assert (await server.get("/readyz")).status_code == 200


async def test_workers_stop_in_turn_and_a_second_signal_skips_the_wait(
    tmp_path: Path, postgresql_url: URL, postgresql_template: str
) -> None:
    async with workers(tmp_path, postgresql_url, postgresql_template, drain=600) as server:
        one, other = await server.replies_on_both(each=2)
        known = one.pop()
        await known.stop()
        await until(lambda: known.generation in server.worker_by_generation)
        is_first = server.worker_by_generation[known.generation] == "1"
        first, last = (one, other) if is_first else (other, one)
        server.process.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(SECONDS):
            while (await server.get("/readyz")).status_code == 200:
                pass
        assert (await server.get("/healthz")).status_code == 200
        for reply in first:
            await reply.stop()
        await until(lambda: len(server.pids) == 1)
        async with server.client() as client:
            refused = await client.post("/api/chat", json={"message": "x", "model": "scripted/echo"})
        assert (refused.status_code, refused.json()["code"]) == (503, "shutting_down")
        for reply in last:
            await reply.grow()
        server.process.process.send_signal(signal.SIGINT)
        assert {await reply.status() for reply in last} == {"interrupted"}
        assert await asyncio.to_thread(server.process.process.wait, SECONDS) == 0


async def test_replies_are_not_all_cut_at_once(
    tmp_path: Path, postgresql_url: URL, postgresql_template: str
) -> None:
    """Each worker gets half of the time."""
    async with workers(tmp_path, postgresql_url, postgresql_template, drain=4) as server:
        groups = await server.replies_on_both()
        server.process.process.send_signal(signal.SIGTERM)
        for replies in groups:
            assert {await reply.status() for reply in replies} == {"interrupted"}
        first, last = sorted(groups, key=lambda replies: replies[0].events[-1].at)
        first_end = max(reply.events[-1].at for reply in first)
        for reply in last:
            assert any(event.at > first_end for event in reply.events if event.event == "message")
        assert await asyncio.to_thread(server.process.process.wait, SECONDS) == 0


async def test_a_worker_that_is_asked_to_stop_alone_lets_its_replies_end_and_is_replaced(
    tmp_path: Path, postgresql_url: URL, postgresql_template: str
) -> None:
    async with workers(tmp_path, postgresql_url, postgresql_template, drain=600) as server:
        running = [reply for replies in await server.replies_on_both() for reply in replies]
        [alone, _] = sorted(server.pids)
        os.kill(alone, signal.SIGTERM)
        for reply in running:
            await reply.grow()
        for _ in range(5):
            await server.say("one two three")  # by the other one
        for reply in running:
            await reply.stop()
            assert await reply.status() == "cancelled"
        await until(lambda: len(server.pids - {alone}) == 2)
        assert "it ended with status 0; it starts again in 0 s" in server.process.log


async def test_workers_end_with_their_supervisor(
    tmp_path: Path, postgresql_url: URL, postgresql_template: str
) -> None:
    async with workers(tmp_path, postgresql_url, postgresql_template, drain=600) as server:
        running = [reply for replies in await server.replies_on_both() for reply in replies]
        pids = server.pids
        server.process.process.kill()
        assert {await reply.status() for reply in running} == {"interrupted"}
        await until(lambda: not any(map(is_running, pids)))
        with socket.create_server(("127.0.0.1", server.process.port)):
            pass


def test_workers_without_postgresql_are_refused(tmp_path: Path) -> None:
    assert refused_start(tmp_path, HEADWATER_WORKERS="2") == (
        "headwater: HEADWATER_WORKERS is 2, but several workers need PostgreSQL: HEADWATER_DATABASE_URL"
        " takes a URL such as postgresql://user:password@host/name\n"
    )


@pytest.mark.parametrize("variable", ["HEADWATER_PORT", "HEADWATER_DEFAULT_MODEL", "HEADWATER_DATABASE_URL"])
def test_workers_that_cannot_start_say_why_in_one_line(
    tmp_path: Path, postgresql_url: URL, variable: str
) -> None:
    url = postgresql_url.set(drivername="postgresql")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wrong = {
            "HEADWATER_PORT": str(taken.getsockname()[1]),
            "HEADWATER_DEFAULT_MODEL": "scripted/none",
            "HEADWATER_DATABASE_URL": url.set(port=free_port()).render_as_string(hide_password=False),
        }
        environment = {
            "HEADWATER_WORKERS": "2",
            "HEADWATER_DATABASE_URL": url.render_as_string(hide_password=False),
            variable: wrong[variable],
        }
        log = refused_start(tmp_path, **environment)
    assert log.count("\n") == 1, log
    assert log.startswith("headwater: ")
