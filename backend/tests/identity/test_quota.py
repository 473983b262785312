from datetime import UTC, datetime, timedelta

import pytest

from headwater.api.rate_limits import FEWEST, PassingStore, network_of


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


async def test_who_has_the_whole_limit_again_is_forgotten_and_nobody_else() -> None:
    store, now = PassingStore(), datetime.now(UTC)
    later = now + timedelta(hours=1)
    await store.set("limited", later)
    for number in range(5 * FEWEST):
        await store.set(f"passing {number}", now)
    assert len(store) <= FEWEST + 1
    assert await store.get("limited", now) == later
    assert await store.get("passing 0", later) == later
