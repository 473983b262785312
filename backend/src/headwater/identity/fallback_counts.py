"""Counts in one place, and while that is away in another."""

from collections.abc import Collection, Mapping

from headwater.errors import UnavailableError
from headwater.identity.counts import Counted, SharedCounts, Start


class FallbackCounts:
    """See `SharedCounts`. What was counted in one place is not known in the other.

    So while they change, a client may start as much as it could on each server alone.
    """

    def __init__(self, first: SharedCounts, second: SharedCounts) -> None:
        self._first, self._second = first, second
        self._is_left_over = True
        """Whether this server may have something in the second place."""

    @property
    def has_others(self) -> bool:
        """See `SharedCounts.has_others`."""
        return self._first.has_others

    async def count(self, start: Start) -> Counted:
        """See `SharedCounts.count`."""
        try:
            return await self._first.count(start)
        except UnavailableError:
            self._is_left_over = True
            return await self._second.count(start)

    async def vacate(self, slots: Collection[int]) -> None:
        """See `SharedCounts.vacate`."""
        try:
            await self._first.vacate(slots)
        except UnavailableError:
            await self._second.vacate(slots)

    async def publish(self, slots: Mapping[int, str], last: int, burst: float) -> bool:
        """See `SharedCounts.publish`."""
        try:
            is_left = await self._first.publish(slots, last, burst)
        except UnavailableError:
            self._is_left_over = True
            return await self._second.publish(slots, last, burst)
        if self._is_left_over:
            self._is_left_over = await self._second.publish({}, last, burst)
        return is_left or self._is_left_over
