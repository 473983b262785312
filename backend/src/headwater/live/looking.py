"""Looks at rows whenever a bell rings, and from time to time without one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from headwater.errors import UnavailableError

logger = logging.getLogger(__name__)


class Looking:
    """Calls `look` after each `soon()`, and every `tick` seconds; whatever fails is tried again then."""

    def __init__(self, look: Callable[[], Awaitable[None]], tick: float) -> None:
        self._look = look
        self._tick = tick
        self._soon = asyncio.Event()

    def soon(self) -> None:
        """Look at once, or once the look that goes on has ended."""
        self._soon.set()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._tick):
                    await self._soon.wait()
            self._soon.clear()
            try:
                await self._look()
            except UnavailableError:
                pass  # the database has logged it
            except Exception:
                logger.exception("what other servers left in rows could not be dealt with; trying again")
