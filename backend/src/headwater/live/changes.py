"""The feed of changes in one process: see `ChangeFeed`."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import suppress


class MemoryChangeFeed:
    """See `ChangeFeed`. Changes that occur while a listener is busy reach it together."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, set[_Listener]] = defaultdict(set)
        self._closed = False

    def close(self) -> None:
        self._closed = True
        self.end_all()

    def end_all(self) -> None:
        """End the iterators of today's listeners."""
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.has_ended = True
                listener.woken.set()

    def announce(self, owner: str, conversation: str) -> None:
        for listener in self._listeners.get(owner, ()):
            listener.changed[conversation] = None
            listener.woken.set()

    async def listen(self, owner: str, idle: float) -> AsyncGenerator[tuple[str, ...], None]:
        listener = _Listener()
        self._listeners[owner].add(listener)
        try:
            yield ()
            while not (listener.has_ended or self._closed):
                with suppress(TimeoutError):
                    async with asyncio.timeout(idle):
                        await listener.woken.wait()
                listener.woken.clear()
                changed, listener.changed = tuple(listener.changed), {}
                yield changed
        finally:
            self._listeners[owner].discard(listener)
            if not self._listeners[owner]:
                del self._listeners[owner]


class _Listener:
    def __init__(self) -> None:
        self.changed: dict[str, None] = {}
        self.woken = asyncio.Event()
        self.has_ended = False
