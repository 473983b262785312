"""Live state in the memory of one process, and lost with it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

from headwater.generation.log import (
    Cursor,
    Listener,
    LogClosedError,
    LogWriter,
    NotAtEndError,
    Page,
    Piece,
    page_after,
)
from headwater.generation.outcome import Cancelled, Interrupted, Outcome
from headwater.generation.parts import Event
from headwater.live.ports import Stop


class MemoryLog:
    """A `LogWriter` kept as a list."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._outcome: Outcome | None = None
        self._listeners: tuple[Listener, ...] = ()

    def append(self, at: Cursor, events: Sequence[Event]) -> Cursor:
        if self._outcome is not None:
            raise LogClosedError("the log has its outcome")
        self._require_end(at)
        if events:
            self._events.extend(events)
            self._announce()
        return len(self._events)

    def close(self, at: Cursor, outcome: Outcome) -> Outcome:
        if self._outcome is None:
            self._require_end(at)
            self._outcome = outcome
            self._announce()
        return self._outcome

    def read(self, after: Cursor) -> Page:
        return page_after(after, self._events, self._outcome)

    def listen(self, changed: Listener) -> None:
        self._listeners = (*self._listeners, changed)

    def forget(self, changed: Listener) -> None:
        self._listeners = tuple(each for each in self._listeners if each != changed)

    def _announce(self) -> None:
        for changed in self._listeners:
            changed()

    def _require_end(self, at: Cursor) -> None:
        if at != len(self._events):
            raise NotAtEndError(f"the log ends at {len(self._events)}, not at {at}")


class MemoryLogStore:
    """See `LogStore`."""

    def __init__(self) -> None:
        self._logs: dict[str, MemoryLog] = {}

    def create(self, generation: str) -> LogWriter:
        log = self._logs[generation] = MemoryLog()
        return log

    async def open(self, generation: str) -> MemoryLog | None:
        return self._logs.get(generation)

    async def share(self, pieces: Sequence[Piece]) -> None:
        pass

    def written(self, generation: str) -> None:
        pass

    def forget(self, generation: str) -> None:
        self._logs.pop(generation, None)


class MemoryControl:
    """See `Control`."""

    def __init__(self) -> None:
        self._stops: dict[str, Stop] = {}

    def __iter__(self) -> Iterator[str]:
        """The generations that can be stopped."""
        return iter(self._stops)

    def __contains__(self, generation: str) -> bool:
        return generation in self._stops

    def listen(self, generation: str, stop: Stop) -> None:
        self._stops[generation] = stop

    def forget(self, generation: str) -> None:
        self._stops.pop(generation, None)

    async def stop(self, generation: str, status: Cancelled | Interrupted) -> None:
        if stop := self._stops.get(generation):
            stop(status)


class MemoryPresence:
    """See `Presence`."""

    elsewhere: Collection[str] = ()

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._listeners: dict[str, Callable[[int], None]] = {}

    def listen(self, generation: str, changed: Callable[[int], None]) -> None:
        self._listeners[generation] = changed

    def forget(self, generation: str) -> None:
        self._listeners.pop(generation, None)

    async def read_elsewhere(self) -> None:
        await asyncio.Event().wait()

    def count(self, generation: str) -> int:
        """How many readers it has."""
        return self._counts[generation]

    @contextmanager
    def reading(self, generation: str) -> Iterator[None]:
        self._count(generation, 1)
        try:
            yield
        finally:
            self._count(generation, -1)

    def _count(self, generation: str, change: int) -> None:
        count = self._counts[generation] + change
        if count:
            self._counts[generation] = count
        else:
            del self._counts[generation]
        if changed := self._listeners.get(generation):
            changed(count)
