"""What every reader gets, however it follows a log.

A way of following passes by subclassing `FollowContract`.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.generation.kinds.text import Text
from headwater.generation.log import PAGE_BYTES, Cursor, CursorAheadError, Log, Page, changed
from headwater.generation.outcome import Completed, Outcome
from headwater.generation.parts import Event
from headwater.live.memory import MemoryLog
from tests.live.log_contract import batches

DONE = Outcome(Completed("stop"))


def words(number: int) -> list[Text]:
    return [Text(f" {n}") for n in range(number)]


class FollowContract(ABC):
    @abstractmethod
    def follow(
        self, log: Log, after: Cursor = 0, *, window: float = 0.025, idle: float | None = None
    ) -> AsyncGenerator[Page, None]:
        """See `headwater.generation.log.follow`."""

    async def collect(self, log: Log, after: Cursor = 0, *, window: float = 0.0) -> list[Page]:
        async with aclosing(self.follow(log, after, window=window)) as pages:
            return [page async for page in pages]

    async def test_what_is_there_comes_at_once_in_one_page(self) -> None:
        log = MemoryLog()
        log.append(0, words(3))
        log.close(3, DONE)
        assert await self.collect(log, window=10.0) == [Page(tuple(words(3)), 3, DONE)]

    async def test_without_a_window_every_event_has_a_page_of_its_own(self) -> None:
        log = MemoryLog()
        log.append(0, words(2))
        log.close(2, DONE)
        first, second = words(2)
        assert await self.collect(log) == [Page((first,), 1), Page((second,), 2), Page((), 2, DONE)]

    async def test_the_first_event_does_not_wait_for_the_window(self) -> None:
        log = MemoryLog()
        async with aclosing(self.follow(log, window=3600.0)) as pages:
            first = asyncio.ensure_future(anext(pages))
            await asyncio.sleep(0)
            log.append(0, words(1))
            async with asyncio.timeout(5):
                assert (await first).events == tuple(words(1))

    async def test_later_events_are_gathered_for_a_window(self) -> None:
        """Ten events within a window are two pages: the first one at once, the others together."""
        log, clock = MemoryLog(), asyncio.get_running_loop().time
        arrived: list[tuple[int, float]] = []

        async def read() -> None:
            async for page in self.follow(log, window=0.2):
                arrived.append((len(page.events), clock()))

        reader = asyncio.create_task(read())
        for at, event in enumerate(words(10)):
            log.append(at, [event])
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await changed(log, 9)
            log.close(10, DONE)
            await reader
        assert [count for count, _ in arrived] == [1, 9]
        assert arrived[1][1] - arrived[0][1] >= 0.19

    async def test_a_backlog_is_not_held_up_by_the_window(self) -> None:
        log = MemoryLog()
        log.append(0, [Text("a" * 4000)] * 400)
        log.close(400, DONE)
        async with asyncio.timeout(10):
            pages = await self.collect(log, window=60)
        assert len(pages) >= 400 * 4000 / PAGE_BYTES

    async def test_a_slow_reader_gets_larger_pages_and_slows_nobody(self) -> None:
        """The slow reader takes one page while the fast one takes a hundred, and both see every event."""
        log = MemoryLog()
        fast: list[Page] = []
        slow: list[Page] = []
        fast_is_done = asyncio.Event()

        async def read_fast() -> None:
            async for page in self.follow(log, window=0):
                fast.append(page)
            fast_is_done.set()

        async def read_slow() -> None:
            async for page in self.follow(log, window=0.001):
                slow.append(page)
                await fast_is_done.wait()

        async def write() -> None:
            for at, event in enumerate(words(100)):
                log.append(at, [event])
                await asyncio.sleep(0)
            log.close(100, DONE)

        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            for work in (read_fast(), read_slow(), write()):
                group.create_task(work)
        assert [len(page.events) for page in fast] == [1] * 100 + [0]
        assert len(slow) <= 3
        assert [event for page in slow for event in page.events] == words(100)

    async def test_silence_is_told_by_an_empty_page(self) -> None:
        log = MemoryLog()
        async with asyncio.timeout(5), aclosing(self.follow(log, idle=0.01)) as pages:
            assert await anext(pages) == Page((), 0)
            assert await anext(pages) == Page((), 0)
            log.append(0, words(1))
            assert (await anext(pages)).events == tuple(words(1))
            assert await anext(pages) == Page((), 1)

    async def test_a_cursor_beyond_the_end_is_an_error(self) -> None:
        with pytest.raises(CursorAheadError):
            await self.collect(MemoryLog(), 1)

    async def test_a_reader_who_leaves_in_full_flow_is_gone(self) -> None:
        """A cancellation that meets a finished wait must not be swallowed."""
        for _ in range(200):
            log = MemoryLog()

            async def read(log: MemoryLog = log) -> None:
                async for _ in self.follow(log, window=0, idle=10.0):
                    pass

            reader = asyncio.create_task(read())
            await asyncio.sleep(0)
            log.append(0, words(1))
            reader.cancel()
            async with asyncio.timeout(5):
                with pytest.raises(asyncio.CancelledError):
                    await reader

    # Several classes inherit this test.
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(said=batches, cuts=st.lists(st.integers(0, 7), max_size=20), window=st.sampled_from([0.0, 0.0001]))
    def test_cut_anywhere_and_resumed_a_reader_sees_every_event_once(
        self, said: list[list[Event]], cuts: list[int], window: float
    ) -> None:
        async def scenario() -> None:
            log = MemoryLog()
            seen: list[Event] = []

            async def write() -> None:
                end = 0
                for batch in said:
                    end = log.append(end, batch)
                    await asyncio.sleep(0)
                log.close(end, DONE)

            async def read(until: int | None) -> Outcome | None:
                """Read so many events, then lose the connection, with the rest of its page."""
                async with aclosing(self.follow(log, len(seen), window=window)) as pages:
                    async for page in pages:
                        for event in page.events:
                            if until is not None and until <= 0:
                                return None
                            seen.append(event)
                            until = None if until is None else until - 1
                        if page.outcome:
                            return page.outcome
                raise AssertionError("followed to no outcome")

            async with asyncio.timeout(10), asyncio.TaskGroup() as group:
                group.create_task(write())
                for cut in [*cuts, None]:
                    outcome = await read(cut)
            assert outcome == DONE
            assert seen == [event for batch in said for event in batch]

        asyncio.run(scenario())
