import pytest

from headwater.generation.outcome import Cancelled, Completed, Failed, Interrupted, Outcome, Status
from headwater.metrics import GAP_SECONDS, Metrics
from tests.exposition import samples


def read(metrics: Metrics) -> dict[str, float]:
    return samples(metrics.exposition().decode())


def test_tokens_and_the_gaps_between_them_are_told_apart_by_provider() -> None:
    metrics = Metrics()
    local, other = metrics.observer("local"), metrics.observer("openai")
    local.first_tokens(2, 0.25)
    for gap in (0.001, 0.004, 0.02, 31.0):
        local.more_tokens(3, gap)
    other.first_tokens(1, 7.0)
    said = read(metrics)
    assert (
        said["headwater_tokens_total{provider=local}"],
        said["headwater_tokens_total{provider=openai}"],
    ) == (14, 1)
    buckets = [
        said[f"headwater_token_gap_seconds_bucket{{le={bound},provider=local}}"]
        for bound in (*GAP_SECONDS, "+Inf")
    ]
    assert buckets == [1, 1, 2, 2, *[3] * (len(GAP_SECONDS) - 4), 4]
    assert said["headwater_token_gap_seconds_count{provider=local}"] == 4
    assert said["headwater_token_gap_seconds_sum{provider=local}"] == pytest.approx(31.025)
    assert said["headwater_token_gap_seconds_count{provider=openai}"] == 0
    assert said["headwater_first_token_seconds_bucket{le=0.2,provider=local}"] == 0
    assert said["headwater_first_token_seconds_bucket{le=0.3,provider=local}"] == 1
    assert said["headwater_first_token_seconds_sum{provider=openai}"] == 7


def test_replies_of_one_provider_are_counted_together() -> None:
    metrics = Metrics()
    metrics.observer("local").first_tokens(1, 1)
    metrics.observer("local").first_tokens(1, 1)
    assert read(metrics)["headwater_first_token_seconds_count{provider=local}"] == 2


@pytest.mark.parametrize(
    ("status", "labels"),
    [
        (Completed("length"), "code=length,status=completed"),
        (Cancelled("abandoned"), "code=abandoned,status=cancelled"),
        (Failed("idle_timeout", "It fell silent.", True), "code=idle_timeout,status=failed"),
        (Interrupted(), "code=,status=interrupted"),
    ],
)
def test_every_end_has_its_series_before_it_happens(status: Status, labels: str) -> None:
    metrics = Metrics()
    before = read(metrics)
    metrics.observer("local").closed(Outcome(status), None)
    after = read(metrics)
    ends = [name for name in before if name.startswith("headwater_generations_total")]
    changed = {name: (before[name], after[name]) for name in ends if before[name] != after[name]}
    assert changed == {f"headwater_generations_total{{{labels}}}": (0, 1)}


def test_only_a_cancelled_reply_says_how_long_a_cancel_takes() -> None:
    metrics = Metrics()
    metrics.observer("local").closed(Outcome(Interrupted()), 10.0)
    metrics.observer("local").closed(Outcome(Cancelled("user")), 0.02)
    said = read(metrics)
    assert (said["headwater_cancel_seconds_count"], said["headwater_cancel_seconds_sum"]) == (1, 0.02)


def test_applications_do_not_share_their_metrics() -> None:
    one, two = Metrics(), Metrics()
    one.refused("forbidden")
    assert read(one)["headwater_refusals_total{code=forbidden}"] == 1
    assert read(two)["headwater_refusals_total{code=forbidden}"] == 0
