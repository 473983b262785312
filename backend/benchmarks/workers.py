"""How many more streams two workers carry than one, on PostgreSQL.

    cd backend && ../.venv/bin/python -m benchmarks.workers                 # on a machine with cores to spare
    cd backend && ../.venv/bin/python -m benchmarks.workers --share 0.4     # on two cores (as root)

For each number of workers, it searches the largest number of streams that are held (as benchmarks.streams
does) and says what a token and a start cost the workers and PostgreSQL. On two cores, the load generator and
PostgreSQL need their part: two workers would have less than two cores, and one worker all of one. `--share`
lets each worker have so much of a core and no more, so the ratio does not depend on what the others leave.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.streams.installing import generator
from benchmarks.streams.load import Generator, Load, Request, Result, running_generator
from benchmarks.streams.measurements import FRESH_MS, SETTLE, SHARE_OF_STARTS, describe_errors
from benchmarks.streams.process_tree import cpu_seconds, descendant, processes
from benchmarks.streams.search import most_held
from benchmarks.streams.servers.headwater import SSE, Headwater
from benchmarks.streams.servers.running import Command, RunningServer, Surroundings, running_server
from sqlalchemy.engine import URL
from tests.postgresql import new_database, postgresql_server

PERIOD_US = 10_000
"""Shares of a core are counted in so short a time that they delay no token noticeably."""

START_MS = 15.0
"""What a start may cost; streams start so far apart that starts take a part of the workers' time."""

CGROUPS = Path("/sys/fs/cgroup")


class Workers(Headwater):
    """Headwater with so many workers."""

    def __init__(self, workers: int, database: URL) -> None:
        self._workers = workers
        self._url = database.set(drivername="postgresql").render_as_string(hide_password=False)

    def command(self, surroundings: Surroundings) -> Command:
        command = super().command(surroundings)
        own = {"HEADWATER_WORKERS": str(self._workers), "HEADWATER_DATABASE_URL": self._url}
        return Command(command.arguments, {**command.environment, **own})


@contextmanager
def limited(pid: int, share: float) -> Iterator[None]:
    """Let the process have this share of a core, until it has ended."""
    is_v1 = (CGROUPS / "cpu").is_dir()
    group = (CGROUPS / "cpu" if is_v1 else CGROUPS) / f"headwater-benchmark-{pid}"
    group.mkdir()
    quota = round(share * PERIOD_US)
    if is_v1:
        (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (group / "cpu.cfs_quota_us").write_text(str(quota))
    else:
        (group / "cpu.max").write_text(f"{quota} {PERIOD_US}")
    (group / "cgroup.procs").write_text(str(pid))
    try:
        yield
    finally:
        while (group / "cgroup.procs").read_text():
            time.sleep(0.1)
        group.rmdir()


@dataclass(frozen=True)
class Trial:
    """So many streams at the same time, and the processor time of the window in which none starts or ends."""

    result: Result
    workers_cpu: tuple[float, ...]
    postgresql_cpu: float

    @property
    def is_held(self) -> bool:
        result = self.result
        return result.all_complete and not result.silent and 0 < result.staleness_ms.p99 <= FRESH_MS

    def __str__(self) -> str:
        tokens = self.result.window_tokens
        workers, postgresql = (1e6 * cpu / tokens for cpu in (sum(self.workers_cpu), self.postgresql_cpu))
        busiest = max(self.workers_cpu) / self.result.load.window
        return (
            f"{self.result.load.streams} streams {'held' if self.is_held else 'not held'}:"
            f" {tokens / self.result.load.window:.0f} tokens/s,"
            f" staleness p99 {self.result.staleness_ms.p99:.0f} ms,"
            f" µs a token: {workers:.0f} the workers, {postgresql:.0f} PostgreSQL;"
            f" the busiest worker used {busiest:.0%} of a core{describe_errors(self.result)}"
        )


@dataclass(frozen=True)
class Rig:
    """A running server, what loads it, and the process of its PostgreSQL."""

    server: RunningServer
    load: Generator
    request: Request
    postgresql: int

    @property
    def workers(self) -> list[int]:
        """Their processes."""
        pid = self.server.process.pid
        return processes(pid)[1:] or [pid]

    def trial(self, streams: int, window: float, capacity: float) -> Trial:
        """Run so many streams; `capacity` is the cores that the workers may use."""
        used: list[list[float]] = []

        def sample() -> None:
            used.append([cpu_seconds(pid) for pid in (*self.workers, self.postgresql)])

        ramp = max(1.0, streams * START_MS / 1000 / SHARE_OF_STARTS / capacity)
        self.server.come_to_rest()
        load = Load(streams, ramp=ramp, settle=SETTLE, window=window, drain=20)
        result = self.load.run(self.request, load, sample)
        *workers, postgresql = (after - before for before, after in zip(*used, strict=True))
        trial = Trial(result, tuple(workers), postgresql)
        print(f"  {trial}", flush=True)
        return trial

    def starts(self, count: int) -> None:
        """Print what replies of one token cost, four at a time."""
        pids = (self.server.process.pid, self.postgresql)
        self.load.run(self.request, Load(streams=4, replies=3, lengths=(1,)))
        self.server.come_to_rest()
        before = [cpu_seconds(pid) for pid in pids]
        self.load.run(self.request, Load(streams=4, replies=count // 4, lengths=(1,)))
        self.server.come_to_rest()
        used = [(cpu_seconds(pid) - was) / count * 1000 for pid, was in zip(pids, before, strict=True)]
        print("  ms a start: {:.1f} the workers, {:.1f} PostgreSQL".format(*used), flush=True)


def held(workers: int, database: URL, postgresql: int, load: Generator, options: argparse.Namespace) -> int:
    """How many streams so many workers hold."""
    print(f"{workers} worker{'s' if workers > 1 else ''}:", flush=True)
    cores: Collection[int] = os.sched_getaffinity(0)
    capacity = workers * (options.share or 1.0)
    with (
        TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        ExitStack() as limits,
        running_server(Workers(workers, database), load.model_url, cores, Path(folder)) as server,
    ):
        rig = Rig(server, load, SSE.at(server.port, server.tls_port), postgresql)
        if options.share:
            for pid in rig.workers:
                limits.enter_context(limited(pid, options.share))
        rig.starts(options.starts)
        if options.streams:
            trials = [rig.trial(streams, options.window, capacity) for streams in options.streams]
            return max((each.result.load.streams for each in trials if each.is_held), default=0)
        first = max(10, round(100 * capacity))
        return most_held(
            lambda streams: rig.trial(streams, options.window, capacity).is_held, options.limit, first
        )


async def measure(options: argparse.Namespace, server: URL, load: Generator) -> None:
    """Print how many streams each number of workers holds, in turns."""
    found: dict[int, list[int]] = {workers: [] for workers in options.workers}
    for _ in range(options.rounds):
        for workers, streams in found.items():
            async with new_database(server) as database:
                streams.append(
                    await asyncio.to_thread(held, workers, database, descendant("postgres"), load, options)
                )
    base = median(next(iter(found.values())))
    for workers, streams in found.items():
        ratio = f"{median(streams) / base:.2f} ×" if base else "no ratio"
        print(f"{workers} workers hold {', '.join(map(str, streams))} streams: {ratio}")


def parse() -> argparse.Namespace:
    def numbers(text: str) -> tuple[int, ...]:
        return tuple(map(int, text.split(",")))

    parser = argparse.ArgumentParser(
        prog="benchmarks.workers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=numbers, default=(1, 2), help="numbers of workers (1,2)")
    parser.add_argument("--share", type=float, help="what each worker may have of a core, such as 0.4")
    parser.add_argument("--rounds", type=int, default=1, help="how often each number is measured, in turns")
    parser.add_argument("--window", type=float, default=5.0, help="seconds in which tokens are counted")
    parser.add_argument("--limit", type=int, default=3200, help="the most streams that are tried")
    parser.add_argument(
        "--starts", type=int, default=200, help="replies of one token, for the cost of a start"
    )
    parser.add_argument("--streams", type=numbers, help="only these numbers of streams, without a search")
    return parser.parse_args()


def main() -> None:
    options = parse()
    with running_generator(generator()) as load, postgresql_server() as postgresql:
        asyncio.run(measure(options, postgresql.url, load))


if __name__ == "__main__":
    main()
