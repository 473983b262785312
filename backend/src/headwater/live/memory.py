"""A log in the memory of this process."""

import asyncio
from collections.abc import Sequence

from headwater.generation.events import Event, Outcome
from headwater.generation.log import (
    PAGE_BYTES,
    Cursor,
    CursorAheadError,
    LogClosedError,
    NotAtEndError,
    Page,
)


class MemoryLog:
    """A `Log` kept as a list; lost with the process."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._outcome: Outcome | None = None
        self._news = asyncio.Event()

    async def append(self, at: Cursor, events: Sequence[Event]) -> Cursor:
        """See `Log.append`."""
        if self._outcome is not None:
            raise LogClosedError("the log has its outcome")
        self._require_end(at)
        if events:
            self._events.extend(events)
            self._wake()
        return len(self._events)

    async def close(self, at: Cursor, outcome: Outcome) -> Outcome:
        """See `Log.close`."""
        if self._outcome is None:
            self._require_end(at)
            self._outcome = outcome
            self._wake()
        return self._outcome

    async def read(self, after: Cursor) -> Page:
        """See `Log.read`."""
        self._require_seen(after)
        cursor, size, end = after, 0, len(self._events)
        while cursor < end:
            size += _utf8_length(self._events[cursor].text)
            if size > PAGE_BYTES and cursor > after:
                return Page(tuple(self._events[after:cursor]), cursor, more=True)
            cursor += 1
        return Page(tuple(self._events[after:end]), end, self._outcome)

    async def changed(self, after: Cursor) -> None:
        """See `Log.changed`."""
        self._require_seen(after)
        while len(self._events) <= after and self._outcome is None:
            await self._news.wait()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _require_end(self, at: Cursor) -> None:
        if at != len(self._events):
            raise NotAtEndError(f"the log ends at {len(self._events)}, not at {at}")

    def _require_seen(self, after: Cursor) -> None:
        if not 0 <= after <= len(self._events):
            raise CursorAheadError(after, len(self._events))


def _utf8_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
