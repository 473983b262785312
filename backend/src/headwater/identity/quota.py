"""Limits for a principal: how often it may start a reply, and how many may run at once.

The rate is a generic cell rate algorithm (GCRA, ITU-T I.371) over the limits and stores of
quart-rate-limiter, whose own decorator works only for HTTP and counts each route separately.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from quart_rate_limiter import RateLimit
from quart_rate_limiter.store import RateLimiterStoreABC

from headwater.errors import OverloadedError, RateLimitedError

IPV6_PREFIX = 64
"""Bits of an IPv6 address that identify a network; all its addresses belong to one subscriber."""

MIN_KEYS = 1000
"""The number of keys above which a store removes old ones."""


@lru_cache(4096)
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


@dataclass(frozen=True, slots=True)
class RateState:
    """The rest of a rate limit: starts that remain now, and seconds until all are available again."""

    limit: int
    remaining: int
    reset: int


class Quota:
    """The limits of all principals: the rate of starts, and running replies in total and for each."""

    def __init__(
        self,
        rate: RateLimit,
        max_active: int,
        max_active_per_client: int,
        store: RateLimiterStoreABC | None = None,
    ) -> None:
        self._rate = rate
        self._max_active = max_active
        self._max_active_per_client = max_active_per_client
        self._store = store or ForgetfulStore()
        self._active = 0
        self._active_by_key: Counter[str] = Counter()

    async def count_start(self, key: str) -> None:
        """Count a start against the rate. Raises `RateLimitedError`; a refused start does not count."""
        now = datetime.now(UTC)
        until = max(await self._store.get(key, now), now)
        allowed = now + self._rate.period - timedelta(seconds=self._rate.inverse)
        if until > allowed:
            seconds = ceil((until - allowed).total_seconds())
            raise RateLimitedError(
                f"You are starting replies too fast; try again in {seconds} s.", retry_after=seconds
            )
        await self._store.set(key, until + timedelta(seconds=self._rate.inverse))

    async def rate_state(self, key: str) -> RateState:
        """The rest of a principal's rate limit."""
        now = datetime.now(UTC)
        wait = (max(await self._store.get(key, now), now) - now).total_seconds()
        remaining = int((self._rate.period.total_seconds() - wait) / self._rate.inverse)
        return RateState(self._rate.count, remaining, ceil(wait))

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


class ForgetfulStore(RateLimiterStoreABC):
    """Keeps a key until its whole rate is available again.

    The library's memory store keeps every key for ever, so a client with many addresses could fill the
    memory.
    """

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}
        self._max_keys = MIN_KEYS

    def __len__(self) -> int:
        return len(self._until)

    async def get(self, key: str, default: datetime) -> datetime:
        """See `RateLimiterStoreABC.get`."""
        return self._until.get(key, default)

    async def set(self, key: str, tat: datetime) -> None:
        """See `RateLimiterStoreABC.set`."""
        self._until[key] = tat
        if len(self._until) > self._max_keys:
            now = datetime.now(UTC)
            self._until = {known: until for known, until in self._until.items() if until > now}
            self._max_keys = max(MIN_KEYS, 2 * len(self._until))

    async def before_serving(self) -> None:
        """Do nothing: there is no connection to open."""

    async def after_serving(self) -> None:
        """Do nothing: there is no connection to close."""
