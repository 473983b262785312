"""The log of one generation, and `follow()`, the definition of what its readers get."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

from headwater.generation.outcome import Outcome
from headwater.generation.parts import Event

Cursor: TypeAlias = int
"""The number of events that a reader has seen; 0 is the start.

A cursor stays valid for the life of the log.
"""

Listener: TypeAlias = Callable[[], None]
"""What a log calls when it has changed. It must neither wait nor raise."""

PAGE_BYTES = 16 * 1024
"""The most text in a page, in bytes of UTF-8, so that a late or slow reader is served in steps."""

EVENT_CHARS = PAGE_BYTES // 4
"""The most characters (code points) one event may hold, so that every event fits into a page."""


class LogError(Exception):
    """The base class of the errors of a log."""


class CursorAheadError(LogError):
    """A reader's cursor is beyond the end of the log: it belongs to another log, or to lost events."""

    def __init__(self, after: Cursor, end: Cursor) -> None:
        super().__init__(f"the cursor {after} is ahead of the log, which ends at {end}")
        self.after = after
        self.end = end


class NotAtEndError(LogError):
    """A writer named a position that is not the end of the log: there is a second writer."""


class LogClosedError(LogError):
    """A writer appended to a log that has its outcome."""


class Page(NamedTuple):
    """The result of one read: the events after a cursor, the cursor after them, and the outcome.

    An outcome means that the log is closed and that nothing follows these events. `more` means that the log
    had further events that did not fit into the page. A page from `follow()` without events and outcome means
    that nothing has happened for a while.
    """

    events: tuple[Event, ...]
    cursor: Cursor
    outcome: Outcome | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Events of an open generation that follow the cursor `at`."""

    generation: str
    at: Cursor
    events: Sequence[Event]

    @property
    def end(self) -> Cursor:
        """The cursor behind its events."""
        return self.at + len(self.events)

    def after(self, end: Cursor) -> Sequence[Event]:
        """What follows the cursor `end`; nothing if there is a gap between them."""
        return self.events[end - self.at :] if self.at <= end else ()


class Log(Protocol):
    """An append-only log as its readers see it: a copy in the memory of this process, so nothing waits."""

    def read(self, after: Cursor) -> Page:
        """Read what comes after a cursor; at most `PAGE_BYTES` of text.

        Events and outcome are from the same moment. Raises `CursorAheadError`.
        """
        ...

    def listen(self, changed: Listener) -> None:
        """Call `changed` whenever the log has more events or is closed, until `forget`."""
        ...

    def forget(self, changed: Listener) -> None:
        """Stop calling `changed`."""
        ...


class LogWriter(Log, Protocol):
    """A log as its one writer sees it."""

    def append(self, at: Cursor, events: Sequence[Event]) -> Cursor:
        """Add events at position `at`, which must be the end, and return the new end.

        Raises `NotAtEndError` when `at` is not the end, `LogClosedError` once there is an outcome.
        An event holds 1 to `EVENT_CHARS` characters.
        """
        ...

    def close(self, at: Cursor, outcome: Outcome) -> Outcome:
        """Close the log at its end `at` and return its outcome.

        The first outcome stays for ever: closing again changes nothing and returns the first.
        Raises `NotAtEndError` when the log is open and `at` is not its end.
        """
        ...


class ClosedLog:
    """A log that has its outcome: it has no writer and never changes."""

    def __init__(self, events: Sequence[Event], outcome: Outcome) -> None:
        self._events = tuple(events)
        self._outcome = outcome

    def read(self, after: Cursor) -> Page:
        """See `Log.read`."""
        return page_after(after, self._events, self._outcome)

    def listen(self, changed: Listener) -> None:
        """See `Log.listen`."""

    def forget(self, changed: Listener) -> None:
        """See `Log.forget`."""


def page_after(after: Cursor, events: Sequence[Event], outcome: Outcome | None) -> Page:
    """The page after a cursor, from all events of a log. Raises `CursorAheadError`."""
    end = len(events)
    require_reached(after, end)
    if end - after > 1:  # one event fits always
        weight = 0
        for cursor in range(after, end):
            weight += events[cursor].weight
            if weight > PAGE_BYTES and cursor > after:
                return Page(tuple(events[after:cursor]), cursor, more=True)
    return Page(tuple(events[after:]), end, outcome)


def require_reached(after: Cursor, end: Cursor) -> None:
    """Raise `CursorAheadError` for a cursor beyond the end of a log."""
    if not 0 <= after <= end:
        raise CursorAheadError(after, end)


async def changed(log: Log, after: Cursor) -> None:
    """Wait until a log has more than `after` events or is closed; level-triggered.

    Raises `CursorAheadError`.
    """
    while True:
        page = log.read(after)
        if page.events or page.outcome:
            return
        waiting = asyncio.Event()
        log.listen(waiting.set)
        try:
            await waiting.wait()
        finally:
            log.forget(waiting.set)


async def follow(
    log: Log, after: Cursor = 0, *, window: float = 0.025, idle: float | None = None
) -> AsyncGenerator[Page, None]:
    """Read what comes after a cursor, wait for more, stop at the outcome.

    This is the definition of following, for one reader. `replies/pump.py` does the same for all readers of
    the process, without a task for each; one suite of tests holds both to it.

    The first page comes at once, then at most one per `window` (in seconds; 0 gives every event a page of its
    own). So a slow reader, or a busy process, gets larger pages, never fewer events. After a page with
    `more`, the next one comes without a pause. After every `idle` seconds without news comes an empty page.

    Raises `CursorAheadError` if `after` is beyond the end of the log.
    """
    clock = asyncio.get_running_loop().time
    cursor = after
    while True:
        page = log.read(cursor)
        if page.events or page.outcome:
            sent = clock()
            for each in [page] if window else event_by_event(page, cursor):
                yield each
            if page.outcome:
                return
            cursor = page.cursor
            await asyncio.sleep(0 if page.more else max(0.0, sent + window - clock()))
            continue
        try:
            async with asyncio.timeout(idle):
                await changed(log, cursor)
        except TimeoutError:
            yield Page((), cursor)


def event_by_event(page: Page, after: Cursor) -> list[Page]:
    """A page as one page for each event, and one for the outcome."""
    pages = [Page((event,), after + n) for n, event in enumerate(page.events, 1)]
    if page.outcome:
        pages.append(Page((), page.cursor, page.outcome))
    return pages


def read_all(log: Log, after: Cursor = 0) -> Page:
    """Everything after a cursor, as one page of any size. Raises `CursorAheadError`."""
    events: list[Event] = []
    while True:
        page = log.read(after + len(events))
        events += page.events
        if not page.more:
            return Page(tuple(events), page.cursor, page.outcome)
