"""Limits for a principal: how often it may start a reply, and how many may run at once.

The rate is a generic cell rate algorithm (GCRA, ITU-T I.371), written as a **bucket** of starts that fills up
with time: what is kept is when it is full again.

A server that is alone counts in its memory. Several servers also count together (`SharedCounts`), in one
step before each start; where that fails, each counts for itself until it works again.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from time import monotonic

from quart_rate_limiter import RateLimit

from headwater.errors import OverloadedError, ProblemError, RateLimitedError, UnavailableError
from headwater.identity.counts import Counted, SharedCounts, Start
from headwater.storage.uncancelled import awaited_for

IPV6_PREFIX = 64
"""Bits of an IPv6 address that identify a network; all its addresses belong to one subscriber."""

MIN_KEYS = 1000
"""The number of buckets above which full ones are removed."""

ROUNDING = 0.001
"""Seconds that sums of durations may be off."""

COUNT_TIMEOUT = 1.5
"""Seconds that counting on all servers may take; then this server counts alone."""

VACATE_TIME = 0.2
"""Seconds in which a slot that is freed on one server is free for all: a refusal waits for it."""

TICK = 2.0
"""Seconds between two comparisons of the slots in memory with those that other servers see."""


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
    """The limits of all principals: the rate of starts, and running replies in total and for each.

    `max_active` replies may run on this server, and `max_active_per_client` of a principal on all servers.
    """

    def __init__(
        self,
        rate: RateLimit,
        max_active: int,
        max_active_per_client: int,
        shared: SharedCounts | None = None,
    ) -> None:
        self._rate = rate
        self._max_active = max_active
        self._max_active_per_client = max_active_per_client
        self._shared = shared
        self._buckets = Buckets()
        self._slots: dict[int, str] = {}
        self._active_by_key: Counter[str] = Counter()
        self._last_slot = 0
        self._vacated: set[int] = set()
        self._changed = asyncio.Event()

    async def count_start(self, key: str) -> "Admission":
        """Count a start against the rate. Raises `RateLimitedError`; a refused start does not count.

        The result is a context in which the start may occupy a slot.
        """
        full_in = self._buckets.full_in(key)
        if full_in + self._rate.inverse > self._burst:
            raise self._too_fast(full_in)
        if self._shared is not None and self._shared.has_others:
            with suppress(UnavailableError):  # the database has logged it
                return await self._count_on_all(key, self._shared)
        self._buckets.fill(key, self._rate.inverse)
        return Admission(lambda: self.occupy(key))

    def rate_state(self, key: str) -> RateState:
        """The rest of a principal's rate limit, as of its last start on this server."""
        full_in = self._buckets.full_in(key)
        remaining = int((self._period - full_in + ROUNDING) / self._rate.inverse)
        return RateState(self._rate.count, min(remaining, self._rate.count), ceil(full_in - ROUNDING))

    def occupy(self, key: str) -> "Slot":
        """Reserve a slot for one running reply. Raises `OverloadedError` and `RateLimitedError`.

        Replies on other servers do not count here.
        """
        if len(self._slots) >= self._max_active:
            raise OverloadedError(f"{self._max_active} replies are running, the most at once.", retry_after=2)
        if self._active_by_key[key] >= self._max_active_per_client:
            raise self._too_many()
        self._last_slot += 1
        self._slots[self._last_slot] = key
        self._active_by_key[key] += 1
        return Slot(self, self._last_slot)

    def vacate(self, number: int) -> None:
        """Free a slot; see `Slot.release`."""
        key = self._slots.pop(number)
        self._active_by_key[key] -= 1
        if not self._active_by_key[key]:
            del self._active_by_key[key]
        if self._shared is not None and self._shared.has_others:
            self._vacated.add(number)
            self._changed.set()

    async def run(self) -> None:
        """Let other servers see which slots are occupied here, until cancelled."""
        shared = self._shared
        if shared is None:
            return
        has_published = True  # an earlier server may have
        while True:
            with suppress(UnavailableError):  # the database has logged it; the next round repeats it
                if shared.has_others or has_published:
                    has_published = await self._publish(shared)
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK):
                    while True:
                        await self._changed.wait()
                        self._changed.clear()
                        vacated = list(self._vacated)
                        with suppress(UnavailableError):
                            await shared.vacate(vacated)
                            self._vacated.difference_update(vacated)

    async def _publish(self, shared: SharedCounts) -> bool:
        """Whether anything is left to be removed later."""
        slots = {number: _digest(key) for number, key in self._slots.items()} if shared.has_others else {}
        vacated = list(self._vacated)
        has_buckets = await shared.publish(slots, self._last_slot, self._burst)
        self._vacated.difference_update(vacated)
        return has_buckets or bool(slots)

    async def _count_on_all(self, key: str, shared: SharedCounts) -> "Admission":
        """Count a start in memory and on all servers.

        Raises `RateLimitedError`, and `UnavailableError` where it was not counted.
        """
        slot: Slot | None = None
        refusal: ProblemError = self._too_many()
        try:
            slot = self.occupy(key)
        except (OverloadedError, RateLimitedError) as error:
            refusal = error
        has_slot = False
        try:
            counted = await self._step(key, slot, shared, self._rate.inverse)
            has_slot = counted.has_slot
            if slot is not None and counted.is_counted and not has_slot:
                has_slot = await self._look_again(key, slot, shared)
        finally:
            if slot is not None and not has_slot:
                slot.release()
        if not counted.is_counted:
            raise self._too_fast(counted.full_in)

        def refuse() -> Slot:
            raise refusal

        return Admission(refuse, slot if has_slot else None)

    async def _look_again(self, key: str, slot: "Slot", shared: SharedCounts) -> bool:
        """Whether another server has freed a slot meanwhile."""
        await asyncio.sleep(VACATE_TIME)
        try:
            return (await self._step(key, slot, shared, 0)).has_slot
        except UnavailableError:
            return True  # there is one in memory

    async def _step(self, key: str, slot: "Slot | None", shared: SharedCounts, cost: float) -> Counted:
        sent = monotonic()
        # The step may take so long, while what is known gets less.
        known = max(0.0, self._buckets.known_here(key) - COUNT_TIMEOUT)
        number = None if slot is None else slot.number
        start = Start(
            _digest(key),
            cost,
            self._burst,
            known,
            number,
            list(self._vacated),
            self._max_active_per_client,
        )
        try:
            counted = await awaited_for(COUNT_TIMEOUT, shared.count(start))
        except TimeoutError:
            raise UnavailableError("The servers cannot count together.") from None
        # It takes longer only where the clock was put back.
        self._buckets.keep(key, sent + min(counted.full_in, self._burst))
        return counted

    def _too_fast(self, full_in: float) -> RateLimitedError:
        seconds = max(1, ceil(full_in + self._rate.inverse - self._period - ROUNDING))
        return RateLimitedError(
            f"You are starting replies too fast; try again in {seconds} s.", retry_after=seconds
        )

    def _too_many(self) -> RateLimitedError:
        return RateLimitedError(
            f"{self._max_active_per_client} of your replies are running, the most at once;"
            " wait for one to end.",
            retry_after=2,
        )

    @property
    def _period(self) -> float:
        return self._rate.period.total_seconds()

    @property
    def _burst(self) -> float:
        """The most seconds until a bucket is full."""
        return self._period + ROUNDING


class Slot:
    """The slot of one running reply in a quota; `number` is its own on this server."""

    def __init__(self, quota: Quota, number: int) -> None:
        self._quota: Quota | None = quota
        self.number = number

    def release(self) -> None:
        """Free the slot; a second call does nothing."""
        if self._quota is not None:
            self._quota.vacate(self.number)
            self._quota = None


class Admission:
    """A start that was counted. On leaving its context, its slot is freed unless somebody keeps it."""

    def __init__(self, occupy: Callable[[], Slot], slot: Slot | None = None) -> None:
        self._occupy = occupy
        self._slot = slot

    def __enter__(self) -> "Admission":
        return self

    def __exit__(self, *_: object) -> None:
        if self._slot is not None:
            self._slot.release()

    def occupy(self) -> None:
        """Have a slot. Raises `OverloadedError` and `RateLimitedError`."""
        self._slot = self._slot or self._occupy()

    def keep(self) -> Slot:
        """The slot, which the caller releases. Raises as `occupy` does."""
        self.occupy()
        slot, self._slot = self._slot, None
        if slot is None:
            raise AssertionError("an admission has a slot once it is occupied")
        return slot


class Buckets:
    """When the bucket of each key is full again. Full ones are removed before they fill the memory."""

    def __init__(self) -> None:
        self._full_at: dict[str, float] = {}
        self._is_known_here: dict[str, bool] = {}
        self._max_keys = MIN_KEYS

    def __len__(self) -> int:
        return len(self._full_at)

    def full_in(self, key: str) -> float:
        """Seconds until it is full."""
        return max(0.0, self._full_at.get(key, 0.0) - monotonic())

    def known_here(self, key: str) -> float:
        """The same, or 0 where other servers know as much."""
        return self.full_in(key) if self._is_known_here.get(key) else 0.0

    def fill(self, key: str, seconds: float) -> None:
        """Let it take `seconds` more, which no other server knows."""
        self.keep(key, monotonic() + self.full_in(key) + seconds, is_known_here=True)

    def keep(self, key: str, full_at: float, *, is_known_here: bool = False) -> None:
        """Keep when it is full, in seconds of the monotonic clock."""
        self._full_at[key] = full_at
        self._is_known_here[key] = is_known_here
        if len(self._full_at) > self._max_keys:
            now = monotonic()
            self._full_at = {known: full for known, full in self._full_at.items() if full > now}
            self._is_known_here = {known: self._is_known_here[known] for known in self._full_at}
            self._max_keys = max(MIN_KEYS, 2 * len(self._full_at))


def _digest(key: str) -> str:
    return blake2b(key.encode(), digest_size=16).hexdigest()
