"""What it costs that replies are read on another server: two servers on one PostgreSQL.

python -m benchmarks.servers [REPLIES] [TOKENS_PER_SECOND] prints, for replies that are read on the server
that runs them, and for as many that are read on the other one: processor time a token of each process, and
how much later a reader elsewhere has a token than one beside the writer.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import aiohttp
from benchmarks.streams.process_tree import cpu_seconds, descendant
from tests.postgresql import new_database, postgresql_server
from tests.running import RunningServer

SECONDS = 10.0
SAMPLES = 10
"""Replies that are read on both servers, to compare when a token comes."""


@dataclass
class Readers:
    """What was read: tokens in all, and of the samples when each token came."""

    tokens: int = 0
    times: dict[tuple[str, str], dict[int, float]] = field(default_factory=dict)


async def read(session: aiohttp.ClientSession, url: str, generation: str, read: Readers, kind: str) -> None:
    """Read a reply until cancelled; `kind` is empty for one that is no sample."""
    times = read.times.setdefault((generation, kind), {}) if kind else {}
    async with session.get(f"{url}/api/generations/{generation}/events") as response:
        async for line in response.content:
            if line.startswith(b"id: "):
                cursor = line.rpartition(b":")[2].strip()
                if cursor.isdigit():
                    read.tokens += 1
                    times.setdefault(int(cursor), time.monotonic())


async def start(session: aiohttp.ClientSession, url: str, rate: float) -> str:
    """Start a reply that lasts; its id."""
    words = " ".join(["word"] * round(rate * (SECONDS + 20)))
    body = {"message": words, "model": "scripted/echo", "script": {"tokens_per_second": rate}}
    async with session.post(f"{url}/api/chat", json=body) as response:
        async for line in response.content:
            if line.startswith(b"id: "):
                return line[4:].decode().partition(":")[0]
    raise RuntimeError("the reply did not begin")


async def measure(
    first: RunningServer, second: RunningServer, replies: int, rate: float, elsewhere: bool
) -> None:
    """Run so many replies on the first server, read them on one, and print what that costs."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        async with session.get(f"{first.url}/api/models") as response:
            session.headers["headwater-client"] = response.headers["headwater-client"]
        generations = [await start(session, first.url, rate) for _ in range(replies)]
        readers = Readers()
        place = second if elsewhere else first
        tasks = [
            asyncio.create_task(read(session, place.url, each, readers, "there"))
            for each in generations[:SAMPLES]
        ]
        tasks += [
            asyncio.create_task(read(session, place.url, each, readers, "")) for each in generations[SAMPLES:]
        ]
        tasks += [
            asyncio.create_task(read(session, first.url, each, readers, "here"))
            for each in generations[:SAMPLES]
        ]
        await asyncio.sleep(2)
        processes = first.process.pid, second.process.pid, descendant("postgres")
        before = [cpu_seconds(pid) for pid in processes]
        tokens, first_at = readers.tokens, time.monotonic()  # before, readers came one after another
        await asyncio.sleep(SECONDS)
        tokens = readers.tokens - tokens
        used = [cpu_seconds(pid) - was for pid, was in zip(processes, before, strict=True)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for each in generations:
            async with session.post(f"{first.url}/api/generations/{each}/cancel"):
                pass
    written = replies * rate * SECONDS
    later = [
        at - readers.times[generation, "here"][cursor]
        for (generation, kind), times in readers.times.items()
        if kind == "there"
        for cursor, at in times.items()
        if readers.times[generation, "here"].get(cursor, 0.0) >= first_at
    ]
    where = "elsewhere" if elsewhere else "beside the writer"
    costs = [1e6 * seconds / written for seconds in used]
    delays = [1e3 * delay for delay in (median(later), quantiles(later, n=100)[-1])]
    print(f"{replies} replies of {rate:g} tokens/s, read {where}, {tokens / written:.2f} pages a token")
    print("  µs a token: {:.0f} the writer, {:.0f} the other server, {:.0f} PostgreSQL".format(*costs))
    print("  later by {:.0f} ms at the median, {:.0f} at p99".format(*delays), flush=True)


@asynccontextmanager
async def two_servers(url: str, folder: Path) -> AsyncIterator[tuple[RunningServer, RunningServer]]:
    """Two servers on a database, with one folder."""
    environment = {
        "HEADWATER_DATABASE_URL": url,
        "HEADWATER_DATA_DIR": str(folder / "data"),
        "HEADWATER_MAX_ACTIVE_PER_CLIENT": "10000",
        "HEADWATER_MAX_ACTIVE": "10000",
    }
    servers = []
    for name in ("first", "second"):
        (folder / name).mkdir()
        servers.append(RunningServer(folder / name, environment).wait_until_ready())
    try:
        yield servers[0], servers[1]
    finally:
        for server in servers:
            server.stop()


def main() -> None:
    """See the beginning of this file."""
    replies, rate = int((sys.argv[1:] or ["200"])[0]), float((sys.argv[2:] or ["30"])[0])

    async def run(url: str, folder: Path) -> None:
        async with two_servers(url, folder) as (first, second):
            for elsewhere in (False, True, False, True):
                await measure(first, second, replies, rate, elsewhere)

    async def with_database() -> None:
        async with new_database(postgresql.url) as database:
            url = database.set(drivername="postgresql").render_as_string(hide_password=False)
            await run(url, Path(folder))

    with tempfile.TemporaryDirectory() as folder, postgresql_server() as postgresql:
        asyncio.run(with_database())


if __name__ == "__main__":
    main()
