"""The metrics of all workers together."""

import pytest

from headwater.generation.outcome import Completed, Outcome
from headwater.metrics import Metrics
from headwater.server.worker_metrics import WorkerMetrics
from tests.exposition import samples

COMPLETED = "headwater_generations_total{code=stop,status=completed}"


@pytest.fixture
def workers() -> list[Metrics]:
    return [Metrics(), Metrics()]


def work(worker: Metrics, *, provider: str, replies: int, running: int = 0, window: float = 0.025) -> None:
    observer = worker.observer(provider)
    for _ in range(replies):
        observer.first_tokens(2, 0.25)
        observer.closed(Outcome(Completed("stop")), None)
    worker.count_active(lambda: running)
    worker.watch_window(lambda: window)


def count(metrics: WorkerMetrics, workers: list[Metrics]) -> dict[str, float]:
    for number, worker in enumerate(workers, 1):
        metrics.count(number, worker.exposition().decode())
    return samples(metrics.exposition())


def test_counters_histograms_and_numbers_of_things_are_added_up(workers: list[Metrics]) -> None:
    work(workers[0], provider="local", replies=3, running=2)
    work(workers[1], provider="local", replies=4, running=5)
    total = count(WorkerMetrics(), workers)
    assert total[COMPLETED] == 7
    assert total["headwater_tokens_total{provider=local}"] == 14
    assert total["headwater_active_generations"] == 7
    assert total["headwater_first_token_seconds_bucket{le=0.2,provider=local}"] == 0
    assert total["headwater_first_token_seconds_bucket{le=0.3,provider=local}"] == 7
    assert total["headwater_first_token_seconds_count{provider=local}"] == 7
    assert total["headwater_first_token_seconds_sum{provider=local}"] == 7 * 0.25


def test_of_what_all_see_the_largest_counts_and_of_beginnings_the_first(workers: list[Metrics]) -> None:
    work(workers[0], provider="local", replies=1, window=0.06)
    work(workers[1], provider="local", replies=1)
    workers[0].watch_database(lambda: 2, lambda: True)
    workers[1].watch_database(lambda: 3, lambda: True)
    total = count(WorkerMetrics(), workers)
    assert total["headwater_window_seconds"] == 0.06
    assert (total["headwater_other_servers"], total["headwater_database_away"]) == (3, 1)
    created = "headwater_first_token_seconds_created{provider=local}"
    assert total[created] == samples(workers[0].exposition().decode())[created]


def test_what_only_one_worker_has_is_there(workers: list[Metrics]) -> None:
    work(workers[0], provider="local", replies=1)
    work(workers[1], provider="openai", replies=2)
    total = count(WorkerMetrics(), workers)
    tokens = [total[f"headwater_tokens_total{{provider={name}}}"] for name in ("local", "openai")]
    assert tokens == [2, 4]


def test_one_worker_alone_says_what_it_would_say_by_itself(workers: list[Metrics]) -> None:
    work(workers[0], provider="local", replies=1, running=1)
    assert count(WorkerMetrics(), workers[:1]) == samples(workers[0].exposition().decode())


def test_the_counters_of_workers_that_have_ended_stay_and_their_gauges_go(workers: list[Metrics]) -> None:
    metrics = WorkerMetrics()
    work(workers[0], provider="local", replies=3, running=2)
    work(workers[1], provider="local", replies=4, running=5)
    count(metrics, workers)
    metrics.end(1)
    metrics.end(1)
    left = samples(metrics.exposition())
    assert (left[COMPLETED], left["headwater_active_generations"]) == (7, 5)
    replacement = Metrics()
    work(replacement, provider="local", replies=1, running=1)
    total = count(metrics, [replacement, workers[1]])
    assert (total[COMPLETED], total["headwater_active_generations"]) == (8, 6)
    metrics.end(1)
    metrics.end(2)
    assert samples(metrics.exposition())[COMPLETED] == 8
