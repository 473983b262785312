"""What is measured of one server on one transport."""

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from benchmarks.streams.cores import Cores
from benchmarks.streams.load import Generator, Load, Request, Result
from benchmarks.streams.process_tree import core_seconds, cpu_seconds, memory_kib
from benchmarks.streams.search import most_held
from benchmarks.streams.servers.running import MeasurementError, RunningServer

FRESH_MS = 100.0
"""A stream is held while 99% of its tokens are no staler than this."""
SHARE_OF_STARTS = 1 / 4
"""Streams start so far apart that their starts take this share of the server's core."""
SETTLE = 2.0
"""Seconds between the last start and the window."""
BUSY = 0.9
"""The share of its cores from which on the load generator may be what limits a figure."""


@dataclass(frozen=True)
class Plan:
    """How much is measured, and under which load."""

    starts: int = 200
    window: float = 5.0
    steady: tuple[int, ...] = (50, 200)
    ramp_streams: int = 100
    ramp_seconds: float = 4.0
    burst: int = 500
    memory_streams: int = 200
    drain: float = 20.0
    """Seconds after a window in which replies have to be complete."""
    search_limit: int = 3200
    mix: dict[str, Any] = field(default_factory=dict)
    """Members of `Load` (paces, lengths, resumed, stalled) for steady loads and the search."""

    def with_mix(self, **mix: float) -> "Plan":
        """The same under another load."""
        return replace(self, mix={**self.mix, **mix})


QUICK = Plan(
    starts=100,
    window=3.0,
    ramp_streams=50,
    ramp_seconds=2.0,
    burst=0,
    memory_streams=0,
    drain=5.0,
    search_limit=0,
)


@dataclass(frozen=True)
class Steady:
    """A number of streams that run at the same time, in a window in which none starts or ends."""

    result: Result
    server_cpu: float
    server_busy: float
    """The share of its core that the server used."""
    generator_busy: float
    """The share of the other cores that the load generator used, its model server included."""
    foreign_busy: float
    """The share of the server's core, or of the others, that something else used, whichever is larger."""

    @property
    def bytes_per_token(self) -> float | None:
        """What the clients read in the bodies of responses."""
        return self.result.bytes / self.result.tokens if self.result.tokens else None

    @property
    def us_per_token(self) -> float | None:
        """The server's processor time a token, in µs; None if no token arrived."""
        tokens = self.result.window_tokens
        return self.server_cpu / tokens * 1e6 if tokens else None

    @property
    def is_held(self) -> bool:
        result = self.result
        fresh = result.staleness_ms.samples > 0 and result.staleness_ms.p99 <= FRESH_MS
        return result.all_complete and result.silent == 0 and fresh

    @property
    def is_close(self) -> bool:
        """It was not held, but nearly."""
        return not self.is_held and self.result.all_complete and self.result.staleness_ms.p99 < 3 * FRESH_MS

    @property
    def is_servers_limit(self) -> bool:
        """It was not held, and that is not the fault of the load generator."""
        generator_kept_up = self.generator_busy <= BUSY and self.result.lateness_ms.p99 <= FRESH_MS / 2
        return not self.is_held and (generator_kept_up or self.server_busy > BUSY)

    def figures(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "us_per_token": self.us_per_token,
            "bytes_per_token": self.bytes_per_token,
            "is_held": self.is_held,
        }


@dataclass
class Measurement:
    """A row of the table, as far as it has come."""

    server: RunningServer
    generator: Generator
    cores: Cores
    request: Request
    plan: Plan
    ms_per_start: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def _pid(self) -> int:
        return self.server.process.pid

    def run(self) -> dict[str, Any]:
        """Measure everything that is planned, one after the other. The figures are plain JSON."""
        self._starts()
        if self.plan.memory_streams:
            self._memory()
        self.figures["steady"] = {}
        for streams in self.plan.steady:
            self.figures["steady"][str(streams)] = self._steady(streams).figures()
        self._ramp()
        if self.plan.burst:
            self._burst()
        if self.plan.search_limit:
            self._search()
        return self.figures

    def _load(self, load: Load, on_window: Callable[[], None] = lambda: None) -> Result:
        self.server.come_to_rest()
        return self.generator.run(self.request, load, on_window)

    def _starts(self) -> None:
        """A start and an end: replies of one token, four at a time."""
        self._load(Load(streams=4, replies=3, lengths=(1,)))
        before = cpu_seconds(self._pid)
        result = self._load(Load(streams=4, replies=self.plan.starts // 4, lengths=(1,)))
        self.server.come_to_rest()
        self.ms_per_start = (cpu_seconds(self._pid) - before) / result.replies * 1000
        self.figures["start"] = {"ms": self.ms_per_start, "result": asdict(result)}
        if not result.all_complete:
            raise MeasurementError(f"replies of one token failed{describe_errors(result)}")

    def _spread(self, streams: int) -> float:
        return max(1.0, streams * self.ms_per_start / 1000 / SHARE_OF_STARTS)

    def _memory(self) -> None:
        """The growth of the server by streams that run, slowly."""
        streams = self.plan.memory_streams
        sizes: list[int] = []
        self.server.come_to_rest()
        before = memory_kib(self._pid)
        load = Load(streams, ramp=self._spread(streams), settle=SETTLE, window=2, paces=(5,))
        result = self._load(load, lambda: sizes.append(memory_kib(self._pid)))
        grown = (sizes[-1] - before) / streams
        self.figures["memory"] = {"kib_per_stream": grown, "idle_kib": before, "result": asdict(result)}

    def _steady(self, streams: int) -> Steady:
        load = Load(streams, ramp=self._spread(streams), settle=SETTLE, window=self.plan.window)
        server: list[float] = []
        cores: list[tuple[float, float]] = []
        model: list[float] = []

        def sample() -> None:
            server.append(cpu_seconds(self._pid))
            others = sum(core_seconds(core) for core in self.cores.others)
            cores.append((core_seconds(self.cores.server), others))
            model.append(cpu_seconds(self.generator.model_pid))

        result = self._load(replace(load, drain=self.plan.drain, **self.plan.mix), sample)
        _say(f"{streams} streams: staleness p99 {result.staleness_ms.p99:.0f} ms{describe_errors(result)}")
        used = server[1] - server[0]
        generator = result.window_clients_cpu + model[1] - model[0]
        window, available = self.plan.window, len(self.cores.others)
        foreign = (
            cores[1][0] - cores[0][0] - used,
            (cores[1][1] - cores[0][1] - generator) / available,
        )
        return Steady(
            result,
            server_cpu=used,
            server_busy=used / window,
            generator_busy=generator / window / available,
            foreign_busy=max(0.0, *foreign) / window,
        )

    def _ramp(self) -> None:
        """How long people wait for the first token while others start and read."""
        plan = self.plan
        result = self._load(Load(plan.ramp_streams, ramp=plan.ramp_seconds, window=0.5, drain=plan.drain))
        self.figures["ramp"] = {"seconds": plan.ramp_seconds, "result": asdict(result)}

    def _burst(self) -> None:
        """Everybody starts at the same moment; a reply has 50 tokens."""
        result = self._load(Load(self.plan.burst, replies=1, lengths=(50,)))
        self.figures["burst"] = {"result": asdict(result)}

    def _search(self) -> None:
        trials: list[Steady] = []

        def holds(streams: int) -> bool:
            trials.append(self._steady(streams))
            if trials[-1].is_close:  # other work on the machine may be why it was not held
                trials.append(self._steady(streams))
            return trials[-1].is_held

        held = most_held(holds, self.plan.search_limit)
        above = [trial for trial in trials if trial.result.load.streams > held]
        self.figures["held"] = {
            "streams": held,
            "is_at_least": not any(trial.is_servers_limit for trial in above),
            "trials": [trial.figures() for trial in trials],
        }


def describe_errors(result: Result) -> str:
    """The most frequent error, for people."""
    if not result.errors:
        return ""
    error = max(result.errors, key=lambda text: result.errors[text])
    return f"; {result.replies - result.complete} of {result.replies} replies failed, such as: {error[:150]}"


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)
