"""How many servers so many people need, by simulating their busiest hour on more and more of them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.capacity.parameters import Costs, People
from benchmarks.capacity.simulation import HOUR, BusyTime, Counts

MOST_CORES = 3
"""Cores that are simulated. Of more servers, so many stand for all, with their part of the people."""

CORES_A_MACHINE = 4

WAIT_P99 = 0.1
"""Seconds: of 100 starts, 99 have waited no longer for a server and been worked off."""

BUSY_P99 = 0.8
"""A core is busier in one second of a hundred at most. Up to some 0.9, tokens are on time
(docs/performance.md)."""

POSTGRESQL_BUSY = 0.5
"""How busy PostgreSQL's cores shall be, which do other things too (autovacuum, backups)."""

CONNECTIONS_KEPT, CONNECTIONS_AT_MOST = 12, 32
"""Of each server to PostgreSQL (storage/postgresql.py: the pool, the beat and the bells)."""

ONE_POSTGRESQL = 64
"""Cores of a large machine for PostgreSQL."""


@dataclass(frozen=True)
class Plan:
    """What so many people need."""

    people: int
    servers: int
    """With one machine lost; a server is a core."""
    counts: Counts
    habits: People
    costs: Costs

    @property
    def machines(self) -> tuple[int, int]:
        """How many there are, one to spare, and the servers on each."""
        each = min(CORES_A_MACHINE, self.servers)
        return math.ceil(self.servers / each) + 1, each

    @property
    def all_servers(self) -> int:
        return math.prod(self.machines)

    @property
    def replies_a_second(self) -> float:
        """In the busiest hour, on average."""
        return self.people * self.habits.replies_a_day * self.habits.peak_share / HOUR

    @property
    def streams(self) -> float:
        """Replies that run at the same time, on average."""
        return self.replies_a_second * self.habits.reply_seconds

    @property
    def postgresql_cores(self) -> int:
        habits, costs, starts = self.habits, self.costs, self.replies_a_second
        tokens = starts * habits.tokens
        elsewhere = self.counts.elsewhere / self.counts.streams * tokens
        seconds = (
            starts * (costs.postgresql_start + habits.looks * costs.postgresql_look)
            + starts * self.all_servers * costs.postgresql_heard
            + tokens * costs.postgresql_token
            + elsewhere * costs.postgresql_token_elsewhere
            + self.all_servers * costs.postgresql_idle
        )
        return math.ceil(seconds / POSTGRESQL_BUSY)


def meets_the_rule(counts: Counts) -> bool:
    return p99(counts.waits) <= WAIT_P99 and p99(counts.busy) <= BUSY_P99


def p99(values: list[float]) -> float:
    """The least value that 99 of 100 do not exceed; 0 if there are none."""
    return sorted(values)[math.ceil(0.99 * len(values)) - 1] if values else 0.0


def simulate(people: int, servers: int, habits: People, costs: Costs) -> Counts:
    return BusyTime(people, min(servers, MOST_CORES), servers, habits, costs).run()


def plan(people: int, habits: People, costs: Costs) -> Plan:
    """The smallest plan that meets the rule, to a twentieth."""
    replies = people * habits.replies_a_day * habits.peak_share / HOUR
    work = costs.start + habits.looks * costs.look + habits.tokens * costs.token
    too_few, servers = 0, math.ceil(replies * work / BUSY_P99)
    while not meets_the_rule(counts := simulate(people, servers, habits, costs)):
        too_few, servers = servers, 2 * servers
    while servers - too_few > max(1, servers // 20):
        middle = (too_few + servers) // 2
        if meets_the_rule(fewer := simulate(people, middle, habits, costs)):
            servers, counts = middle, fewer
        else:
            too_few = middle
    return Plan(people, servers, counts, habits, costs)


def table(people: Iterable[int], habits: People, costs: Costs) -> str:
    """A column for each number of people, in Markdown."""
    columns = [cells(plan(each, habits, costs)) for each in people]
    names = [name for name, _ in columns[0]]
    lines = [[name, *(column[at][1] for column in columns)] for at, name in enumerate(names)]
    lines.insert(1, ["---", *("---:" for _ in columns)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cells(plan: Plan) -> list[tuple[str, str]]:
    """What the table says of a plan."""
    machines, each = plan.machines
    costs, habits, replies = plan.costs, plan.habits, plan.people * plan.habits.replies_a_day
    kib = plan.streams * costs.stream_kib + plan.people * habits.open_pages * costs.page_kib
    kept, most = (plan.all_servers * each for each in (CONNECTIONS_KEPT, CONNECTIONS_AT_MOST))
    return [
        ("people", f"{plan.people:,}"),
        ("starts a second, in the busiest hour", f"{plan.replies_a_second:.1f}"),
        ("replies that run at the same time", f"{plan.streams:,.0f}"),
        ("servers that are needed, each a core", f"{plan.servers}"),
        ("machines × servers, with one machine to spare", f"{machines} × {each}"),
        ("a start waits for its server, p99", f"{1000 * p99(plan.counts.waits):.0f} ms"),
        ("memory of a server", f"{costs.server_mib + kib / 1024 / plan.servers:.0f} MiB"),
        ("cores of PostgreSQL", f"{plan.postgresql_cores}"),
        ("its connections: kept, at most", f"{kept:,}, {most:,}"),
        ("rows a day", f"{round(replies * (3 + 1 / habits.replies_a_session)):,}"),
        ("its disk, GiB a day", f"{replies * costs.stored_kib / 1024**2:,.1f}"),
        ("its write-ahead log, GiB a day", f"{replies * costs.wal_kib / 1024**2:,.1f}"),
        ("Valkey", "no" if plan.postgresql_cores <= ONE_POSTGRESQL else "yes"),
    ]
