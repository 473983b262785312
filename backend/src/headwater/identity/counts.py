"""The port of counts that several servers share: starts, and running replies."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Start:
    """A start to be counted. `key` is a digest: who it stands for is not in it.

    `cost` is how many seconds a bucket takes to make up for the start, which is refused where the bucket
    would then be full later than in `burst` seconds. The bucket is `known` to be full in so many seconds at
    the earliest, though other servers may not know it.

    The start occupies a slot by its number on this server, None if it does not want one. At most `most` may
    be occupied on all servers. Those of this server that were `vacated` are free, though `vacate` may not
    have been called yet.
    """

    key: str
    cost: float
    burst: float
    known: float
    slot: int | None
    vacated: Collection[int]
    most: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of it; the bucket is full again in `full_in` seconds."""

    is_counted: bool
    has_slot: bool
    full_in: float


class SharedCounts(Protocol):
    """Counts of all servers. What a server has counted here goes with it when it ends or dies."""

    @property
    def has_others(self) -> bool:
        """Whether there are other servers. If not, nothing need be counted here."""
        ...

    async def count(self, start: Start) -> Counted:
        """Count a start, and occupy a slot if it is counted and there is one, in one atomic step.

        Raises `UnavailableError`.
        """
        ...

    async def vacate(self, slots: Collection[int]) -> None:
        """Free slots. Raises `UnavailableError`."""
        ...

    async def publish(self, slots: Mapping[int, str], last: int, burst: float) -> bool:
        """Make these slots of this server, which have keys, the occupied ones up to the number `last`.

        Also removes buckets that are full, and those that would be so later than in `burst` seconds, because
        the clock was put back. Returns whether any are left. Raises `UnavailableError`.
        """
        ...
