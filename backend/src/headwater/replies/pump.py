"""Delivers replies to connections: one tick for all readers of the process, and no task wakes for a token.

A reader is a row: a log, a cursor, an encoder, and the sink that takes the bytes. It gets what `follow()`
yields.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from contextvars import Context
from typing import Any, Generic, Protocol, TypeVar

from headwater.generation.log import Cursor, Log, Page, event_by_event
from headwater.live.ports import Lease

PATIENCE = 60.0
"""Seconds without a client taking anything, after which it counts as gone."""

WIDEST = 0.06
"""The most seconds to which a busy process widens the window."""

LAG_WEIGHT = 0.05
"""How much the lag of one tick counts, so that only a lag of many ticks widens the window."""

BEHIND_AT_ONCE = 4
"""How many late readers get a page before others get their turn."""

LEASE_PAUSE = 0.25
"""Seconds between two looks at a lease that is in doubt."""

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Sink(Protocol[T_contra]):
    """Takes what is written for one reader, without waiting."""

    def backlog(self) -> int:
        """How much of what was written still waits for the client; nothing is written until it is 0."""
        ...

    def write(self, data: T_contra) -> None:
        """Take an encoded page that is not empty. Does nothing once the client has left."""
        ...

    def flush(self) -> None:
        """Send what was written, together with what was written to other sinks of the connection."""
        ...

    def cut(self) -> None:
        """Give up the client, which then has left."""
        ...


class Nowhere:
    """A sink for who waits for the end alone."""

    def backlog(self) -> int:
        """See `Sink.backlog`."""
        return 0

    def write(self, data: object) -> None:
        """See `Sink.write`."""

    def flush(self) -> None:
        """See `Sink.flush`."""

    def cut(self) -> None:
        """See `Sink.cut`."""


class Pump:
    """Serves each reader at once for the first time, and then all of them together, once a window.

    `window` and `heartbeat` are in seconds, as in `follow()`. A window that is not 0 widens, up to `WIDEST`,
    while the event loop is late. No events are handed out while the lease is in doubt. `page_sent` is called
    with the number of events of each page.
    """

    def __init__(
        self,
        *,
        window: float,
        heartbeat: float,
        lease: Lease,
        page_sent: Callable[[int], None],
        patience: float = PATIENCE,
    ) -> None:
        self.window = window
        self._narrowest = window
        self._heartbeat = heartbeat
        self._lease = lease
        self._page_sent = page_sent
        self._patience = patience
        self._grown: dict[_Reader[Any], None] = {}
        self._last_written: OrderedDict[_Reader[Any], float] = OrderedDict()
        """All readers, those that have been silent for longest first."""
        self._due: float | None = None
        """The time of the next tick, if one is expected."""
        self._behind: deque[_Reader[Any]] = deque()
        self._last_tick = 0.0
        self._lag = 0.0
        self._expects_beat = False

    async def deliver(self, log: Log, after: Cursor, encode: Callable[[Page], T], sink: Sink[T]) -> None:
        """Write to a sink what comes after a cursor, up to the outcome.

        A page without events and outcome is a heartbeat: nothing was written for a while. What `encode`
        makes of a page may be empty.

        Raises `CursorAheadError`, and whatever `encode` or the sink raises.
        """
        loop = asyncio.get_running_loop()
        reader = _Reader(self, log, after, encode, sink, loop.create_future())
        self._last_written[reader] = loop.time()
        self._expect_beat()
        log.listen(reader.grown)
        try:
            reader.grown()
            await reader.done
        finally:
            log.forget(reader.grown)
            self._grown.pop(reader, None)
            del self._last_written[reader]

    def serve(self, reader: "_Reader[Any]") -> None:
        """Serve one reader now."""
        if reader.done.done():
            return
        if self._lease.is_ours:
            self._serve([reader], asyncio.get_running_loop().time())
        else:
            self.mark(reader)

    def mark(self, reader: "_Reader[Any]") -> None:
        """Serve a reader with the next tick."""
        self._grown[reader] = None
        if self._due is None:
            self._expect_tick(max(self._last_tick, self._last_written[reader]) + self.window)

    def _expect_tick(self, due: float) -> None:
        loop = asyncio.get_running_loop()
        self._due = max(loop.time(), due)
        loop.call_at(self._due, self._tick, context=Context())  # it outlives the reader that it begins with

    def _tick(self) -> None:
        now = asyncio.get_running_loop().time()
        late, self._due = now - (self._due or now), None
        self._last_tick = now
        if not self._lease.is_ours:
            self._expect_tick(now + LEASE_PAUSE)
            return
        self._adapt(late)
        grown, self._grown = self._grown, {}
        self._serve(grown, now)

    def _adapt(self, late: float) -> None:
        """Widen the window while the loop is late for some time, and narrow it again."""
        self._lag += (late - self._lag) * LAG_WEIGHT
        if self._lag > self.window / 4:
            self.window = min(self.window * 1.1, max(WIDEST, self._narrowest))
        else:
            self.window = max(self.window * 0.97, self._narrowest)

    def _serve(self, readers: Iterable["_Reader[Any]"], now: float) -> None:
        """Write the next page of each reader whose sink takes one.

        All are asked before anything is written, because several may write to one connection.
        """
        ready = [reader for reader in readers if self._is_ready(reader, now)]
        for reader in ready:
            try:
                self._write_next(reader, now)
            except Exception as error:  # noqa: BLE001 - raised where the reader waits
                reader.fail(error)
        for reader in ready:
            try:
                reader.sink.flush()
            except Exception as error:  # noqa: BLE001 - the same
                reader.fail(error)

    def _is_ready(self, reader: "_Reader[Any]", now: float) -> bool:
        """Whether a reader can be served; a client that has taken nothing for long is cut."""
        if reader.done.done():
            return False
        try:
            backlog, before = reader.sink.backlog(), reader.backlog
            if backlog and before and backlog >= before:
                if now - reader.stalled_at >= self._patience:
                    reader.sink.cut()
                    reader.stalled_at = now
            else:
                reader.backlog, reader.stalled_at = backlog, now
        except Exception as error:  # noqa: BLE001 - raised where the reader waits
            reader.fail(error)
            return False
        if backlog:
            self.mark(reader)
        return not backlog

    def _write_next(self, reader: "_Reader[Any]", now: float) -> None:
        page = reader.log.read(reader.cursor)
        if not page.events and page.outcome is None:
            return
        for part in [page] if self._narrowest else event_by_event(page, reader.cursor):
            self._write(reader, part, now)
        reader.cursor = page.cursor
        if page.events:
            reader.is_new = False
            self._page_sent(len(page.events))
        if page.outcome is not None:
            reader.done.set_result(None)
        elif page.more:
            self._behind.append(reader)
            if len(self._behind) == 1:
                self._expect_behind()

    def _expect_behind(self) -> None:
        asyncio.get_running_loop().call_soon(self._serve_behind, context=Context())

    def _serve_behind(self) -> None:
        """Serve readers that have more to get already, a few in each turn of the event loop."""
        first = [self._behind.popleft() for _ in range(min(BEHIND_AT_ONCE, len(self._behind)))]
        others_wait = bool(self._behind)
        for reader in first:
            self.serve(reader)
        if others_wait:
            self._expect_behind()

    def _write(self, reader: "_Reader[Any]", page: Page, now: float) -> None:
        if encoded := reader.encode(page):
            reader.sink.write(encoded)
            self._note_written(reader, now)

    def _note_written(self, reader: "_Reader[Any]", now: float) -> None:
        self._last_written[reader] = now
        self._last_written.move_to_end(reader)

    def _expect_beat(self) -> None:
        """Arm the one timer of heartbeats, for the reader that has been silent for longest."""
        if self._last_written and not self._expects_beat:
            self._expects_beat = True
            due = next(iter(self._last_written.values())) + self._heartbeat
            asyncio.get_running_loop().call_at(due, self._beat, context=Context())

    def _beat(self) -> None:
        now = asyncio.get_running_loop().time()
        self._expects_beat = False
        while self._last_written:
            reader, written = next(iter(self._last_written.items()))
            if written + self._heartbeat > now:
                break
            self._note_written(reader, now)
            if self._is_ready(reader, now):
                try:
                    self._write(reader, Page((), reader.cursor), now)
                    reader.sink.flush()
                except Exception as error:  # noqa: BLE001 - raised where the reader waits
                    reader.fail(error)
        self._expect_beat()


class _Reader(Generic[T]):
    """A reader; `is_new` until it has got its first events, `backlog` while its client does not take more."""

    __slots__ = (
        "backlog", "cursor", "done", "encode", "is_new", "log", "pump", "sink", "stalled_at",
    )  # fmt: skip

    def __init__(
        self,
        pump: Pump,
        log: Log,
        cursor: Cursor,
        encode: Callable[[Page], T],
        sink: Sink[T],
        done: asyncio.Future[None],
    ) -> None:
        self.pump = pump
        self.log = log
        self.cursor = cursor
        self.encode = encode
        self.sink = sink
        self.done = done
        self.is_new = True
        self.backlog = 0
        self.stalled_at = 0.0

    def grown(self) -> None:
        """Note that the log has grown."""
        if self.is_new:
            self.pump.serve(self)
        else:
            self.pump.mark(self)

    def fail(self, error: Exception) -> None:
        """End this reader alone with an error, which is raised where it waits."""
        if not self.done.done():
            self.done.set_exception(error)
