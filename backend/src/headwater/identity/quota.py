"""Limits for a principal: how often it may start a reply, and how many may run at once.

The rate is a generic cell rate algorithm (GCRA, ITU-T I.371): each start uses up an equal share of the
period. A key is remembered only until its whole rate is available again.
"""

from collections import Counter
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from time import monotonic

from headwater.errors import OverloadedError, RateLimitedError

IPV6_PREFIX = 64
"""Bits of an IPv6 address that identify a network; all its addresses belong to one subscriber."""

MIN_KEYS = 1000
"""The number of keys above which old ones are removed."""


def network_of(address: str) -> str:
    """The network whose starts are counted together: an IPv4 address itself, an IPv6 address's /64.

    A text that is not an address is returned unchanged.
    """
    try:
        parsed = ip_address(address.split("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed, IPV6_PREFIX), strict=False))
    return str(parsed)


UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
"""The units of a rate, in seconds."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A number of starts for each of a unit in `UNITS`."""

    count: int
    unit: str

    def __str__(self) -> str:
        return f"{self.count}/{self.unit}"

    @property
    def seconds(self) -> int:
        """The length of the unit."""
        return UNITS[self.unit]


@dataclass(frozen=True, slots=True)
class RateState:
    """The rest of a rate limit: starts that remain now, and seconds until all are available again."""

    limit: int
    remaining: int
    reset: int


class Quota:
    """The limits of all principals: the rate of starts, and running replies in total and for each."""

    def __init__(self, rate: Rate, max_active: int, max_active_per_client: int) -> None:
        self._rate = rate
        self._share = rate.seconds / rate.count
        self._until: dict[str, float] = {}  # when each key has its whole rate again
        self._max_keys = MIN_KEYS
        self._max_active = max_active
        self._max_active_per_client = max_active_per_client
        self._active = 0
        self._active_by_key: Counter[str] = Counter()

    def count_start(self, key: str) -> None:
        """Count a start against the rate. Raises `RateLimitedError`; a refused start does not count."""
        now = monotonic()
        until = max(self._until.get(key, now), now)
        late = (until - now) - (self._rate.seconds - self._share)
        if late > 0:
            seconds = ceil(late)
            raise RateLimitedError(
                f"You are starting replies too fast; try again in {seconds} s.", retry_after=seconds
            )
        self._until[key] = until + self._share
        if len(self._until) > self._max_keys:
            self._until = {known: until for known, until in self._until.items() if until > now}
            self._max_keys = max(MIN_KEYS, 2 * len(self._until))

    def rate_state(self, key: str) -> RateState:
        """The rest of a principal's rate limit."""
        wait = max(0.0, self._until.get(key, 0.0) - monotonic())
        return RateState(self._rate.count, int((self._rate.seconds - wait) / self._share), ceil(wait))

    def occupy(self, key: str) -> "Slot":
        """Reserve a slot for one running reply. Raises `OverloadedError` and `RateLimitedError`."""
        if self._active >= self._max_active:
            raise OverloadedError(f"{self._max_active} replies are running, the most at once.", retry_after=2)
        own = self._active_by_key[key]
        if own >= self._max_active_per_client:
            raise RateLimitedError(
                f"{own} of your replies are running, the most at once; wait for one to end.",
                retry_after=2,
            )
        self._active += 1
        self._active_by_key[key] += 1
        return Slot(self, key)

    def vacate(self, key: str) -> None:
        """Free a slot; see `Slot.release`."""
        self._active -= 1
        self._active_by_key[key] -= 1
        if not self._active_by_key[key]:
            del self._active_by_key[key]


class Slot:
    """The slot of one running reply in a quota."""

    def __init__(self, quota: Quota, key: str) -> None:
        self._quota: Quota | None = quota
        self._key = key

    def release(self) -> None:
        """Free the slot; a second call does nothing."""
        if self._quota is not None:
            self._quota.vacate(self._key)
            self._quota = None
