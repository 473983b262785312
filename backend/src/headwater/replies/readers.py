"""Who is reading a generation, and what happens when nobody has been for a while."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Readers:
    """Counts readers, now and at `most`; calls `abandoned` once there has been none for `grace` seconds.

    The grace period starts with `begin()`, so that a client which vanishes before it reads is missed too;
    that one lasts at least `first` seconds. Needs a running event loop.
    """

    def __init__(self, grace: float, abandoned: Callable[[], None], first: float = 0.0) -> None:
        self.count = 0
        self.most = 0
        self._grace = grace
        self._first = first
        self._abandoned = abandoned
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """From now on somebody can read, and is waited for."""
        if self.count == 0:
            self._wait_for_someone(max(self._first, self._grace))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Count as a reader for as long as the context lasts."""
        self.count += 1
        self.most = max(self.most, self.count)
        self._stop_waiting()
        try:
            yield
        finally:
            self.count -= 1
            if self.count == 0:
                self._wait_for_someone(self._grace)

    def close(self) -> None:
        """Nobody needs to be missed any more: the generation has ended."""
        self._closed = True
        self._stop_waiting()

    def _wait_for_someone(self, grace: float) -> None:
        if not self._closed:
            self._timer = asyncio.get_running_loop().call_later(grace, self._abandoned)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
