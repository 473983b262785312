"""Counts in Redis: a bucket and the occupied slots of each key.

A slot is a member of a sorted set, and its score is when it is free unless it is published again; so those of
a server that died expire.
"""

from collections.abc import Collection, Mapping

from headwater.identity.counts import Counted, Start
from headwater.storage.database import Database
from headwater.storage.redis import Redis, Script

SLOT_SECONDS = 10.0
"""Seconds for which a slot is occupied once it was published."""

MICROSECONDS = 1_000_000

COUNT = Script("""
local bucket, slots = KEYS[1], KEYS[2]
local cost, burst, known, lease, most = unpack(ARGV, 1, 5)
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full_at = tonumber(redis.call('GET', bucket) or 0)
if full_at > now + burst then
    full_at = 0 -- the clock was put back
end
full_at = math.max(full_at, now + known)
if full_at + cost > now + burst then
    return {0, 0, full_at - now}
end
full_at = full_at + cost
local milliseconds = math.max(1, math.ceil((full_at - now) / 1000))
redis.call('SET', bucket, string.format('%.0f', full_at), 'PX', milliseconds)
local has_slot = 0
if #ARGV > 5 then
    redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
    redis.call('ZREMRANGEBYSCORE', slots, now + lease + 1, '+inf') -- the clock was put back
    local occupied = redis.call('ZCARD', slots)
    for i = 6, #ARGV do
        if redis.call('ZSCORE', slots, ARGV[i]) then
            occupied = occupied - 1
        end
    end
    if occupied < tonumber(most) then
        has_slot = 1
        redis.call('ZADD', slots, now + lease, ARGV[6])
        redis.call('PEXPIRE', slots, math.ceil(lease / 1000))
    end
end
return {1, has_slot, full_at - now}
""")
"""Counts a start: see `SharedCounts.count`. The members from the sixth argument on do not count as occupied.

The first of these is the slot that is wanted. Times are in microseconds.
"""

PUBLISH = Script("""
local lease, occupied = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local until_then = time[1] * 1000000 + time[2] + lease
for i, slots in ipairs(KEYS) do
    if i <= occupied then
        redis.call('ZADD', slots, until_then, ARGV[i + 2])
        redis.call('PEXPIRE', slots, math.ceil(lease / 1000))
    else
        redis.call('ZREM', slots, ARGV[i + 2])
    end
end
""")
"""Occupies the first slots, and frees the others."""


class RedisCounts:
    """See `SharedCounts`. The servers are those of a database."""

    def __init__(self, redis: Redis, database: Database) -> None:
        self._redis, self._database = redis, database
        self._keys: dict[int, str] = {}
        """The keys of this server's slots that may be in Redis."""

    @property
    def has_others(self) -> bool:
        """See `SharedCounts.has_others`."""
        return self._database.other_servers > 0

    async def count(self, start: Start) -> Counted:
        """See `SharedCounts.count`."""
        slots = []
        if start.slot is not None:
            self._keys[start.slot] = start.key
            slots = [self._member(number) for number in {start.slot: None, **dict.fromkeys(start.vacated)}]
        times = (start.cost, start.burst, start.known, SLOT_SECONDS)
        is_counted, has_slot, full_in = await self._redis.run(
            COUNT,
            [self._redis.key("bucket", start.key), self._slots(start.key)],
            [*(round(each * MICROSECONDS) for each in times), start.most, *slots],
        )
        return Counted(bool(is_counted), bool(has_slot), full_in / MICROSECONDS)

    async def vacate(self, slots: Collection[int]) -> None:
        """See `SharedCounts.vacate`."""
        await self._set({}, [number for number in slots if number in self._keys])

    async def publish(self, slots: Mapping[int, str], last: int, burst: float) -> bool:  # noqa: ARG002
        """See `SharedCounts.publish`. Buckets remove themselves."""
        self._keys.update(slots)
        await self._set(slots, [number for number in self._keys if number <= last and number not in slots])
        return False

    async def _set(self, occupied: Mapping[int, str], free: Collection[int]) -> None:
        numbers = [*occupied, *free]
        if numbers:
            await self._redis.run(
                PUBLISH,
                [self._slots(self._keys[number]) for number in numbers],
                [round(SLOT_SECONDS * MICROSECONDS), len(occupied), *map(self._member, numbers)],
            )
        for number in free:
            self._keys.pop(number, None)

    def _slots(self, key: str) -> str:
        return self._redis.key("slots", key)

    def _member(self, number: int) -> str:
        return f"{self._database.server}/{number}"
