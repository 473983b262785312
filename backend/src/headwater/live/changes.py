"""Who is to be told that conversations have changed."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import suppress


class Changes:
    """Tells a client's listeners which of its conversations have changed, all that gathered together."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, set[_Listener]] = defaultdict(set)
        self._closed = False

    def close(self) -> None:
        """Let all listeners go: nothing more is announced."""
        self._closed = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.news.set()

    def announce(self, client: str, conversation: str) -> None:
        """Something about this conversation is other than it was."""
        for listener in self._listeners.get(client, ()):
            listener.changed[conversation] = None
            listener.news.set()

    async def listen(self, client: str, idle: float) -> AsyncGenerator[tuple[str, ...], None]:
        """What changes from now on; an empty tuple at once, and after every `idle` seconds without news."""
        listener = _Listener()
        self._listeners[client].add(listener)
        try:
            yield ()
            while not self._closed:
                with suppress(TimeoutError):
                    async with asyncio.timeout(idle):
                        await listener.news.wait()
                listener.news.clear()
                told, listener.changed = tuple(listener.changed), {}
                yield told
        finally:
            self._listeners[client].discard(listener)
            if not self._listeners[client]:
                del self._listeners[client]


class _Listener:
    def __init__(self) -> None:
        self.changed: dict[str, None] = {}
        self.news = asyncio.Event()
