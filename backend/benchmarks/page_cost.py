"""What costs beside the tokens of replies: two servers on one PostgreSQL that do next to nothing.

    cd backend && ../.venv/bin/python -m benchmarks.page_cost

It prints what a server costs that is idle, an open page (its feed of changes), a look at the list and at a
conversation, and a stored reply: on the server that runs it, on the other one, which hears of it, and on
PostgreSQL. All is processor time, so other work on the machine disturbs less.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import asyncpg
from benchmarks.servers import two_servers
from benchmarks.streams.process_tree import cpu_seconds, descendant, memory_kib
from tests.postgresql import PostgresqlServer, new_database, postgresql_server
from tests.running import RunningServer

from headwater.storage.postgresql import CHANNEL

IDLE_SECONDS = 8.0
PAGES = 200
REQUESTS = 300
REPLIES = 200
LISTENERS = 50


class Costs:
    """The processor time of both servers and of PostgreSQL, less what they use when idle."""

    def __init__(self, first: RunningServer, second: RunningServer, postgresql: int) -> None:
        self._pids = (first.process.pid, second.process.pid, postgresql)
        self._idle = (0.0, 0.0, 0.0)

    async def idle(self, label: str) -> None:
        """Print, and note, what is used while nothing is asked."""
        used = await self._used(lambda: asyncio.sleep(IDLE_SECONDS))
        self._idle = used[0] / IDLE_SECONDS, used[1] / IDLE_SECONDS, used[2] / IDLE_SECONDS
        self._print(label, self._idle, "ms a second")

    async def of(self, label: str, times: int, work: Callable[[], Awaitable[object]]) -> None:
        """Print what each of so many times costs."""
        clock = asyncio.get_running_loop().time
        began = clock()
        used = await self._used(work)
        seconds = clock() - began
        each = [max(0.0, cpu - idle * seconds) / times for cpu, idle in zip(used, self._idle, strict=True)]
        self._print(label, each, "ms each")

    async def _used(self, work: Callable[[], Awaitable[object]]) -> tuple[float, float, float]:
        before = [cpu_seconds(pid) for pid in self._pids]
        await work()
        first, second, postgresql = (
            cpu_seconds(pid) - was for pid, was in zip(self._pids, before, strict=True)
        )
        return first, second, postgresql

    def _print(self, label: str, seconds: "list[float] | tuple[float, ...]", unit: str) -> None:
        values = ", ".join(
            f"{1000 * each:.2f} {name}"
            for each, name in zip(seconds, ("the server", "the other one", "PostgreSQL"), strict=True)
        )
        print(f"{label}: {values} ({unit})", flush=True)


async def in_fours(times: int, work: Callable[[], Awaitable[object]]) -> None:
    """Do it so many times, four at a time."""

    async def several() -> None:
        for _ in range(times // 4):
            await work()

    await asyncio.gather(*(several() for _ in range(4)))


async def measure(first: RunningServer, second: RunningServer, postgresql: int, database: str) -> None:
    costs = Costs(first, second, postgresql)
    await asyncio.sleep(3)
    await costs.idle("idle")
    async with aiohttp.ClientSession(first.url, connector=aiohttp.TCPConnector(limit=0)) as session:

        async def get(path: str) -> bytes:
            async with session.get(path) as response:
                response.raise_for_status()
                return await response.read()

        async def reply(tokens: int) -> str:
            words = " ".join(["word"] * tokens)
            body = {"message": words, "model": "scripted/echo", "script": {"tokens_per_second": 1000}}
            headers = {"Accept": "application/json"}
            async with session.post("/api/chat", json=body, headers=headers) as response:
                response.raise_for_status()
                conversation: str = (await response.json())["conversation"]
                return conversation

        async with session.get("/api/models") as response:
            session.headers["headwater-client"] = response.headers["headwater-client"]
        conversation = await reply(400)
        await in_fours(40, lambda: reply(1))
        await costs.of("a reply of one token", REPLIES, lambda: in_fours(REPLIES, lambda: reply(1)))
        others = [await asyncpg.connect(database) for _ in range(LISTENERS)]
        for each in others:
            await each.execute(f"LISTEN {CHANNEL}")
        label = f"the same, heard by {LISTENERS} more connections"
        await costs.of(label, REPLIES, lambda: in_fours(REPLIES, lambda: reply(1)))
        for each in others:
            await each.close()
        await costs.of("the list", REQUESTS, lambda: in_fours(REQUESTS, lambda: get("/api/conversations")))
        path = f"/api/conversations/{conversation}"
        await costs.of("a conversation", REQUESTS, lambda: in_fours(REQUESTS, lambda: get(path)))
        before = memory_kib(first.process.pid)
        feeds = [await session.get("/api/conversations/events") for _ in range(PAGES)]
        await costs.of(
            f"{PAGES} open pages for {IDLE_SECONDS:g} s (of one person)",
            PAGES,
            lambda: asyncio.sleep(IDLE_SECONDS),
        )
        grown = (memory_kib(first.process.pid) - before) / PAGES
        print(f"an open page: {grown:.0f} KiB; a server: {before} KiB")
        for feed in feeds:
            feed.close()


def main() -> None:
    async def run(server: PostgresqlServer, folder: Path) -> None:
        async with new_database(server.url) as database:
            url = database.set(drivername="postgresql").render_as_string(hide_password=False)
            async with two_servers(url, folder) as (first, second):
                await measure(first, second, descendant("postgres"), url)

    with tempfile.TemporaryDirectory() as folder, postgresql_server() as server:
        asyncio.run(run(server, Path(folder)))


if __name__ == "__main__":
    main()
