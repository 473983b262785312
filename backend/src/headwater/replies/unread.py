"""Stops replies that nobody reads."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, assert_never

FIRST_READER = 5.0
"""Seconds in which a reply needs its first reader, if it is `StopAtOnce` or nobody else could know its id."""


@dataclass(frozen=True, slots=True)
class Keep:
    """The reply runs to its end."""


@dataclass(frozen=True, slots=True)
class StopAfter:
    """The reply is stopped after this many seconds without a reader."""

    seconds: float


@dataclass(frozen=True, slots=True)
class StopAtOnce:
    """The reply is stopped as soon as its last reader leaves, because the client cannot resume it."""


WhenUnread: TypeAlias = Keep | StopAfter | StopAtOnce


class Readers:
    """Calls `abandoned` after the time without readers that `when_unread` allows; `most` is their peak.

    The time starts with `start()`, so a client that disconnects before it reads is noticed too. It is short
    unless `is_known`: the client chose the id, so it can come back. Needs a running event loop.
    """

    def __init__(
        self, when_unread: WhenUnread, abandoned: Callable[[], None], *, is_known: bool = True
    ) -> None:
        self.most = 0
        self._count = 0
        self._is_known = is_known
        self._first, self._grace = _patience(when_unread, is_known=is_known)
        self._abandoned = abandoned
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Wait for the first reader from now on."""
        if self._count == 0:
            self._stop_waiting()
            self._wait(self._first)

    def requester_left(self) -> None:
        """Note that the client left before it was told of the reply, which nobody else knows of then."""
        if self._first is not None and not self._is_known:
            self._abandoned()

    def changed(self, count: int) -> None:
        """Note the current number of readers."""
        self._count = count
        self.most = max(self.most, count)
        self._stop_waiting()
        if count == 0:
            self._wait(self._grace)

    def close(self) -> None:
        """Stop waiting, because the generation has ended."""
        self._closed = True
        self._stop_waiting()

    def _wait(self, seconds: float | None) -> None:
        if seconds is not None and not self._closed:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._abandoned)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _patience(when_unread: WhenUnread, *, is_known: bool) -> tuple[float | None, float | None]:
    """Seconds to wait for the first reader, and for a new one after the last left; None means for ever."""
    match when_unread:
        case Keep():
            return None, None
        case StopAfter(seconds):
            return seconds if is_known else min(seconds, FIRST_READER), seconds
        case StopAtOnce():
            return FIRST_READER, 0.0
        case _:
            assert_never(when_unread)
