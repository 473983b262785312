"""What happens to a reply that nobody reads."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, assert_never

FIRST_READER = 5.0
"""Seconds that whoever started a reply has to begin reading it, where nobody is waited for later."""


@dataclass(frozen=True, slots=True)
class Keep:
    """It goes on to its end."""


@dataclass(frozen=True, slots=True)
class StopAfter:
    """It is stopped once nobody has read it for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class StopAtOnce:
    """It is stopped as soon as its last reader leaves: its client cannot come back for it."""


WhenUnread: TypeAlias = Keep | StopAfter | StopAtOnce


class Readers:
    """Calls `abandoned` as `when_unread` has it; knows the `most` readers at once.

    Waiting starts with `begin()`, so that a client that vanishes before it reads is missed too. Needs a
    running event loop.
    """

    def __init__(self, when_unread: WhenUnread, abandoned: Callable[[], None]) -> None:
        self.most = 0
        self._count = 0
        self._first, self._grace = _patience(when_unread)
        self._abandoned = abandoned
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """From now on somebody can read."""
        if self._count == 0:
            self._wait(self._first)

    def changed(self, count: int) -> None:
        """So many read now."""
        self._count = count
        self.most = max(self.most, count)
        self._stop_waiting()
        if count == 0:
            self._wait(self._grace)

    def close(self) -> None:
        """The generation has ended: readers do not matter any more."""
        self._closed = True
        self._stop_waiting()

    def _wait(self, seconds: float | None) -> None:
        if seconds is not None and not self._closed:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._abandoned)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _patience(when_unread: WhenUnread) -> tuple[float | None, float | None]:
    """Seconds to wait for the first reader, and for another one after the last; None is for ever."""
    match when_unread:
        case Keep():
            return None, None
        case StopAfter(seconds):
            return seconds, seconds
        case StopAtOnce():
            return FIRST_READER, 0.0
        case _:
            assert_never(when_unread)
