"""Lets starts in one after another, so that a flood of them delays neither the first nor what runs."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MOST_INSIDE = 8
"""How many may be inside at once: enough to share a commit, few enough to leave the event loop free."""

PACE = 0.01
"""Seconds after which one more is let in, however long those inside take."""


class Turnstile:
    """Lets a few in at once and the others as those leave, in order of arrival.

    Nobody waits for a slow one: every `pace` seconds one more is let in.
    """

    def __init__(self, most_inside: int = MOST_INSIDE, pace: float = PACE) -> None:
        self._most_inside = most_inside
        self._pace = pace
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, which lasts as long as the context."""
        if self._inside >= self._most_inside or self._waiting:
            await self._wait()
        else:
            self._inside += 1
        try:
            yield
        finally:
            self._leave()

    async def _wait(self) -> None:
        admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(admitted)
        if self._timer is None:
            self._expect()
        try:
            await admitted
        except asyncio.CancelledError:
            if admitted.done() and not admitted.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        self._inside -= 1
        if self._inside < self._most_inside:
            self._admit()

    def _admit(self) -> None:
        """Let the next one in."""
        while self._waiting:
            admitted = self._waiting.popleft()
            if not admitted.done():
                admitted.set_result(None)
                self._inside += 1
                return

    def _expect(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._pace, self._overdue)

    def _overdue(self) -> None:
        self._timer = None
        self._admit()
        if self._waiting:
            self._expect()
