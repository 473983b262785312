"""Redis's PUBLISH, as a channel of bells."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from headwater.storage.redis import Redis

SEPARATOR = "\n"
"""Between the payloads of a message; JSON has none of it."""


class RedisChannel:
    """See `Channel`."""

    payload_bytes = 1_000_000
    silence = "messages of Redis do not come through, so other servers' replies arrive late"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._channel = redis.key("bells")

    @property
    def is_away(self) -> bool:
        return self._redis.is_away

    async def publish(self, payloads: Sequence[str]) -> None:
        await self._redis.publish(self._channel, SEPARATOR.join(payloads))

    @asynccontextmanager
    async def listening(self, heard: Callable[[str], None]) -> AsyncIterator[asyncio.Event]:
        def hear(message: str) -> None:
            for payload in message.split(SEPARATOR):
                heard(payload)

        async with self._redis.listening(self._channel, hear) as lost:
            yield lost
