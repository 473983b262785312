import pytest

from headwater.errors import OverloadedError, RateLimitedError
from headwater.identity.quota import MIN_KEYS, Buckets, network_of
from tests.building import new_quota


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("unknown", "unknown"),
    ],
)
def test_an_address_counts_as_the_network_that_one_person_has(address: str, network: str) -> None:
    assert network_of(address) == network


def test_who_has_the_whole_limit_again_is_forgotten_and_nobody_else() -> None:
    buckets = Buckets()
    buckets.fill("limited", 3600)
    for number in range(5 * MIN_KEYS):
        buckets.fill(f"passing {number}", 0)
    assert len(buckets) <= MIN_KEYS + 1
    assert buckets.full_in("limited") > 3590
    assert buckets.full_in("passing 0") == 0


@pytest.mark.parametrize("starts", [1, 7, 100_000])
def test_no_more_starts_remain_than_there_are(starts: int) -> None:
    assert new_quota(starts_a_minute=starts).rate_state("me").remaining == starts


async def test_a_refused_start_does_not_count_against_the_rate() -> None:
    quota = new_quota(starts_a_minute=2)
    await quota.count_start("me")
    await quota.count_start("me")
    for _ in range(5):
        with pytest.raises(RateLimitedError) as caught:
            await quota.count_start("me")
        assert caught.value.retry_after in {29, 30}
    await quota.count_start("you")
    rate = quota.rate_state("me")
    assert (rate.limit, rate.remaining, rate.reset) == (2, 0, 60)


def test_a_slot_is_given_back_once() -> None:
    quota = new_quota(active=3, active_per_client=2)
    first, _ = quota.occupy("me"), quota.occupy("me")
    with pytest.raises(RateLimitedError, match="2 of your replies"):
        quota.occupy("me")
    quota.occupy("you")
    with pytest.raises(OverloadedError, match="3 replies"):
        quota.occupy("you")
    first.release()
    first.release()
    quota.occupy("me")
    with pytest.raises(OverloadedError):
        quota.occupy("me")
