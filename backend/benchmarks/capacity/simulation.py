"""Five minutes of the busiest hour of some servers, event by event.

People begin sessions, ask, read, think and ask again. Any server gets a request. Each server is one core: the
tokens that its replies write take a part of it, and what is left works off starts, looks and resumptions, one
after the other. So a burst of starts waits, and more so where many replies run.
"""

import heapq
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from benchmarks.capacity.parameters import Costs, People

HOUR = 3600.0

SPAN = 300.0
"""Seconds of it that are simulated."""

BURST_AT = 120.0
"""Seconds into them at which many sessions begin."""

LEAST_SPEED = 0.02
"""What a core has left at least for requests, however many tokens there are."""


@dataclass
class Core:
    """A server: what it does at the moment, and the requests that wait."""

    writing: int = 0
    elsewhere: int = 0
    """Replies of other servers that are read here."""
    waiting: deque[tuple[float, Callable[[], None]]] = field(default_factory=deque)
    is_busy: bool = False
    worked: float = 0.0
    """Seconds of processor time that requests have used since the last look."""


@dataclass
class Counts:
    """What has happened. `streams` is the integral of running replies over time."""

    asked: int = 0
    started: int = 0
    completed: int = 0
    streams: float = 0.0
    waits: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    """The busy part of each core in each second."""
    elsewhere: float = 0.0
    """The integral of readers elsewhere over time."""


class BusyTime:
    """So many people in their busiest hour, on so many of `servers` cores."""

    def __init__(
        self, people: float, cores: int, servers: int, habits: People, costs: Costs, seed: int = 1
    ) -> None:
        self.habits, self.costs = habits, costs
        self.cores = [Core() for _ in range(cores)]
        self.counts = Counts()
        self.now = 0.0
        self._servers = servers
        self._random = random.Random(seed)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        replies = people * habits.replies_a_day * habits.peak_share
        self._sessions = replies * cores / servers / habits.replies_a_session
        self._base = costs.idle + costs.heard * replies / HOUR * (1 - 1 / servers)

    @property
    def running(self) -> int:
        """Replies that run now, begun or not."""
        return sum(core.writing for core in self.cores)

    @property
    def waiting(self) -> int:
        """Questions that wait for their start."""
        return self.counts.asked - self.counts.started

    def run(self) -> Counts:
        """Let the time pass."""
        habits = self.habits
        rate = self._sessions / HOUR
        # Those who read and think when it begins: their numbers by Little's law.
        for _ in range(self._poisson(rate * habits.replies_a_session * habits.reply_seconds)):
            self.counts.asked += 1
            self.counts.started += 1
            self._write(self._any_core(), self._rest_of_a_reply())
        for _ in range(self._poisson(rate * (habits.replies_a_session - 1) * habits.think_seconds)):
            self._think()
        together = round(self._sessions * habits.sessions_in_one_minute)
        for _ in range(together):
            self._after(BURST_AT + self._random.uniform(0, 60), self._ask)
        self._session(rate * (1 - habits.sessions_in_one_minute))
        self._after(1.0, self._look_at_cores)
        while self._events and self._events[0][0] <= SPAN:
            at, _, happen = heapq.heappop(self._events)
            self._advance(at)
            happen()
        self._advance(SPAN)
        return self.counts

    def _advance(self, at: float) -> None:
        passed, self.now = at - self.now, at
        self.counts.streams += self.running * passed
        self.counts.elsewhere += sum(core.elsewhere for core in self.cores) * passed

    def _after(self, seconds: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), happen))

    def _session(self, rate: float) -> None:
        def begin() -> None:
            self._ask()
            self._after(self._random.expovariate(rate), begin)

        self._after(self._random.expovariate(rate), begin)

    def _ask(self) -> None:
        asked_at, core = self.now, self._any_core()
        self.counts.asked += 1

        def started() -> None:
            self.counts.started += 1
            self.counts.waits.append(self.now - asked_at)
            self._write(core, self._reply_seconds())

        self._request(core, self.costs.start, started)
        for _ in range(self._poisson(self.habits.looks)):
            self._request(self._any_core(), self.costs.look, lambda: None)

    def _think(self) -> None:
        self._after(self._random.expovariate(1 / self.habits.think_seconds), self._ask)

    def _reply_seconds(self, *, is_typical_moment: bool = False) -> float:
        """How long a reply takes. At a typical moment, long ones are more probable by their length."""
        habits = self.habits
        of_tokens = 1 - habits.first_token_seconds / habits.reply_seconds
        sign = 1 if is_typical_moment and self._random.random() < of_tokens else -1
        location = math.log(habits.tokens) + sign * habits.tokens_spread**2 / 2
        tokens = self._random.lognormvariate(location, habits.tokens_spread)
        return habits.first_token_seconds + tokens / habits.tokens_per_second

    def _rest_of_a_reply(self) -> float:
        return self._random.random() * self._reply_seconds(is_typical_moment=True)

    def _write(self, core: Core, seconds: float) -> None:
        core.writing += 1
        if self._random.random() < self.habits.resumed:
            at = self._random.uniform(0, seconds)
            self._after(at, lambda: self._resume(seconds - at))

        def end() -> None:
            core.writing -= 1
            self.counts.completed += 1
            if self._random.random() < 1 - 1 / self.habits.replies_a_session:
                self._think()

        self._after(seconds, end)

    def _resume(self, seconds: float) -> None:
        """Read the rest of a reply, most probably on another server."""
        core = self._any_core()
        self._request(core, self.costs.look / 2, lambda: None)
        if self._random.random() < 1 - 1 / self._servers:
            core.elsewhere += 1

            def end() -> None:
                core.elsewhere -= 1

            self._after(seconds, end)

    def _request(self, core: Core, cost: float, done: Callable[[], None]) -> None:
        core.waiting.append((cost, done))
        if not core.is_busy:
            self._work(core)

    def _work(self, core: Core) -> None:
        cost, done = core.waiting.popleft()
        core.is_busy = True

        def ready() -> None:
            core.worked += cost
            core.is_busy = False
            done()
            if core.waiting:
                self._work(core)

        self._after(cost / max(LEAST_SPEED, 1 - self._tokens(core)), ready)

    def _tokens(self, core: Core) -> float:
        """The part of a core that is not left for requests."""
        costs, pace = self.costs, self.habits.tokens_per_second
        return self._base + pace * (core.writing * costs.token + core.elsewhere * costs.token_elsewhere)

    def _look_at_cores(self) -> None:
        for core in self.cores:
            self.counts.busy.append(self._tokens(core) + core.worked)
            core.worked = 0.0
        self._after(1.0, self._look_at_cores)

    def _any_core(self) -> Core:
        return self._random.choice(self.cores)

    def _poisson(self, mean: float) -> int:
        """A number of this mean, as independent people make it."""
        number, left = 0, self._random.expovariate(1)
        while left < mean:
            number += 1
            left += self._random.expovariate(1)
        return number
