"""The simulation of how many servers so many people need."""

from dataclasses import replace
from statistics import mean

import pytest
from benchmarks.capacity.page import PAGE, with_table
from benchmarks.capacity.parameters import Costs, People
from benchmarks.capacity.plan import meets_the_rule, p99, simulate
from benchmarks.capacity.simulation import HOUR, SPAN, BusyTime

HABITS, COSTS = People(), Costs()
STEADY = replace(HABITS, sessions_in_one_minute=0.0)


class Watched(BusyTime):
    """Looks at its numbers whenever something happens."""

    def _advance(self, at: float) -> None:
        assert at >= self.now
        super()._advance(at)
        assert self.waiting >= 0
        assert all(core.writing >= 0 and core.elsewhere >= 0 for core in self.cores)
        assert self.counts.started - self.counts.completed == self.running


@pytest.mark.parametrize(("people", "cores"), [(500, 1), (20_000, 3), (60_000, 2)])
def test_nothing_is_lost_or_doubled(people: int, cores: int) -> None:
    time = Watched(people, cores, cores, HABITS, COSTS)
    counts = time.run()
    assert counts.asked == counts.completed + time.running + time.waiting > 0
    assert min(counts.waits) >= COSTS.start
    assert len(counts.busy) == cores * SPAN


def test_littles_law_holds() -> None:
    """As many replies run as are started in the time that one takes."""
    counts = BusyTime(30_000, 4, 4, STEADY, COSTS).run()
    assert counts.streams / SPAN == pytest.approx(len(counts.waits) / SPAN * HABITS.reply_seconds, rel=0.05)


def test_people_ask_as_often_as_they_should_and_it_costs_what_it_should() -> None:
    counts = BusyTime(30_000, 4, 4, replace(STEADY, resumed=0.0), COSTS).run()
    starts = 30_000 * HABITS.replies_a_day * HABITS.peak_share / HOUR
    assert len(counts.waits) / SPAN == pytest.approx(starts, rel=0.06)
    tokens = counts.streams / SPAN * HABITS.tokens_per_second * COSTS.token
    requests = len(counts.waits) / SPAN * (COSTS.start + HABITS.looks * COSTS.look)
    heard = starts * COSTS.heard * 3 / 4
    assert mean(counts.busy) == pytest.approx(COSTS.idle + heard + (tokens + requests) / 4, rel=0.03)


def test_readers_are_elsewhere_only_if_there_is_another_server() -> None:
    assert BusyTime(5_000, 1, 1, HABITS, COSTS).run().elsewhere == 0
    counts = BusyTime(600_000, 3, 100, HABITS, COSTS).run()
    expected = HABITS.resumed / 2 * counts.streams  # half of a reply is left when it is resumed
    assert counts.elsewhere == pytest.approx(expected, rel=0.15)


def test_more_servers_are_quicker_and_too_few_are_too_slow() -> None:
    few, enough, many = (simulate(40_000, servers, HABITS, COSTS) for servers in (2, 6, 12))
    assert p99(few.waits) > p99(enough.waits) > p99(many.waits)
    assert not meets_the_rule(few)
    assert meets_the_rule(many)


def test_a_burst_is_felt() -> None:
    waits = [p99(BusyTime(9_000, 1, 1, each, COSTS).run().waits) for each in (STEADY, HABITS)]
    assert waits[0] < waits[1]


def test_the_page_has_what_the_program_prints() -> None:
    page = PAGE.read_text("utf-8")
    assert with_table(page) == page
