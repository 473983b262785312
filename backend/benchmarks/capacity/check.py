"""Whether the simulation is right about one server: its processor time under a known load.

    cd backend && ../.venv/bin/python -m benchmarks.capacity.check [STREAMS] [SECONDS]

One server on PostgreSQL gets replies of 100 tokens, one after the other on each stream. Other work on the
machine makes its processor time larger, but not by much.
"""

import asyncio
import os
import sys
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

from benchmarks.capacity.parameters import Costs, People
from benchmarks.capacity.simulation import HOUR, BusyTime
from benchmarks.streams.installing import generator
from benchmarks.streams.load import Generator, Load, Request, running_generator
from benchmarks.streams.process_tree import cpu_seconds
from benchmarks.streams.servers.headwater import SSE
from benchmarks.streams.servers.running import running_server
from benchmarks.workers import Workers
from sqlalchemy.engine import URL
from tests.postgresql import new_database, postgresql_server

TOKENS = 100


def measured(
    load: Generator, request: Request, pid: int, streams: int, seconds: float
) -> tuple[float, float]:
    """The processor time of a second, and the replies that were started in one."""
    used: list[float] = []
    spec = Load(streams, ramp=3, settle=3, window=seconds, lengths=(TOKENS,))
    result = load.run(request, spec, lambda: used.append(cpu_seconds(pid)))
    return (used[1] - used[0]) / seconds, result.window_tokens / TOKENS / seconds


def simulated(starts: float) -> float:
    """The same of the simulation."""
    habits = People(
        replies_a_day=1,
        peak_share=1,
        sessions_in_one_minute=0,
        tokens=TOKENS,
        tokens_spread=0,
        first_token_seconds=0,
        resumed=0,
        looks=0,
    )
    return mean(BusyTime(starts * HOUR, 1, 1, habits, Costs()).run().busy)


async def check(server: URL, load: Generator, streams: int, seconds: float) -> None:
    async with new_database(server) as database:
        with (
            TemporaryDirectory(ignore_cleanup_errors=True) as folder,
            running_server(
                Workers(1, database), load.model_url, os.sched_getaffinity(0), Path(folder)
            ) as running,
        ):
            request = SSE.at(running.port, running.tls_port)
            real, starts = await asyncio.to_thread(
                measured, load, request, running.process.pid, streams, seconds
            )
    print(f"{streams} streams, {starts:.1f} starts/s of {TOKENS} tokens: {real:.1%} of a core measured,")
    print(f"{simulated(starts):.1%} simulated")


def main() -> None:
    streams, seconds = int((sys.argv[1:] or ["20"])[0]), float((sys.argv[2:] or ["15"])[0])
    with running_generator(generator()) as load, postgresql_server() as postgresql:
        asyncio.run(check(postgresql.url, load, streams, seconds))


if __name__ == "__main__":
    main()
