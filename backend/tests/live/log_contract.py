"""What every `Log` must do. An implementation passes by subclassing `LogContract` and making logs."""

import asyncio
from abc import ABC, abstractmethod
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.generation.kinds.reasoning import Reasoning
from headwater.generation.kinds.text import Text, text_of
from headwater.generation.log import (
    EVENT_CHARS,
    PAGE_BYTES,
    CursorAheadError,
    LogClosedError,
    LogWriter,
    NotAtEndError,
    changed,
    follow,
)
from headwater.generation.outcome import Cancelled, Completed, Interrupted, Outcome
from headwater.generation.parts import Event

DONE = Outcome(Completed("stop"))

events = st.one_of(
    st.builds(Text, st.text(min_size=1, max_size=20)),
    st.builds(Reasoning, st.text(min_size=1, max_size=20)),
)
batches = st.lists(st.lists(events, max_size=6), max_size=12)


class LogContract(ABC):
    @abstractmethod
    def new_log(self) -> LogWriter:
        """An empty, open log."""

    async def test_an_empty_log_has_an_empty_page(self) -> None:
        page = self.new_log().read(0)
        assert (page.events, page.cursor, page.outcome, page.more) == ((), 0, None, False)

    async def test_append_returns_the_new_end(self) -> None:
        log = self.new_log()
        assert log.append(0, [Text("a"), Reasoning("b")]) == 2
        assert log.append(2, []) == 2
        assert log.append(2, [Text("c")]) == 3
        page = log.read(1)
        assert (page.events, page.cursor) == ((Reasoning("b"), Text("c")), 3)

    @pytest.mark.parametrize("at", [0, 2])
    async def test_a_second_writer_is_refused(self, at: int) -> None:
        log = self.new_log()
        log.append(0, [Text("a")])
        with pytest.raises(NotAtEndError):
            log.append(at, [Text("b")])
        with pytest.raises(NotAtEndError):
            log.close(at, DONE)
        assert log.read(0).events == (Text("a"),)

    async def test_a_closed_log_takes_nothing_more(self) -> None:
        log = self.new_log()
        log.close(0, DONE)
        with pytest.raises(LogClosedError):
            log.append(0, [Text("a")])

    async def test_the_first_outcome_stays_for_ever(self) -> None:
        log = self.new_log()
        log.append(0, [Text("a")])
        assert log.close(1, DONE) == DONE
        assert log.close(1, Outcome(Cancelled("user"))) == DONE
        assert log.close(0, Outcome(Interrupted())) == DONE
        assert log.read(0).outcome == DONE

    async def test_events_and_outcome_come_from_one_look(self) -> None:
        log = self.new_log()
        log.append(0, [Text("a")])
        log.close(1, DONE)
        page = log.read(0)
        assert (page.events, page.outcome) == ((Text("a"),), DONE)
        assert log.read(1).outcome == DONE

    @pytest.mark.parametrize("closed", [False, True])
    async def test_a_cursor_beyond_the_end_is_an_error(self, closed: bool) -> None:
        log = self.new_log()
        log.append(0, [Text("a")])
        if closed:
            log.close(1, DONE)
        with pytest.raises(CursorAheadError) as caught:
            log.read(2)
        assert (caught.value.after, caught.value.end) == (2, 1)
        with pytest.raises(CursorAheadError):
            await changed(log, 2)

    async def test_changed_returns_at_once_where_there_is_something_to_see(self) -> None:
        log = self.new_log()
        log.append(0, [Text("a")])
        async with asyncio.timeout(5):
            await changed(log, 0)
            log.close(1, DONE)
            await changed(log, 1)

    @pytest.mark.parametrize("ends", [False, True])
    async def test_changed_wakes_every_reader(self, ends: bool) -> None:
        log = self.new_log()
        readers = [asyncio.create_task(changed(log, 0)) for _ in range(3)]
        await asyncio.sleep(0)
        assert not any(reader.done() for reader in readers)
        _ = log.close(0, DONE) if ends else log.append(0, [Text("a")])
        async with asyncio.timeout(5):
            await asyncio.gather(*readers)

    async def test_a_reader_who_leaves_while_waiting_disturbs_nobody(self) -> None:
        log = self.new_log()
        leaves, stays = (asyncio.create_task(changed(log, 0)) for _ in range(2))
        await asyncio.sleep(0)
        leaves.cancel()
        log.append(0, [Text("a")])
        async with asyncio.timeout(5):
            await stays
        with pytest.raises(asyncio.CancelledError):
            await leaves

    @pytest.mark.parametrize("letter", ["a", "é", "你", "🚀"])
    async def test_a_page_is_bounded_and_says_that_there_is_more(self, letter: str) -> None:
        log = self.new_log()
        log.append(0, [Text(letter * 1000)] * 50)
        log.append(50, [Text(letter * EVENT_CHARS)])
        log.close(51, DONE)
        cursor, seen, pages = 0, "", 0
        while True:
            page = log.read(cursor)
            text = text_of(page.events)
            assert page.events
            assert len(text.encode()) <= PAGE_BYTES
            assert page.more == (page.outcome is None)
            cursor, seen, pages = page.cursor, seen + text, pages + 1
            if page.outcome:
                break
        assert seen == letter * (50_000 + EVENT_CHARS)
        assert pages >= len(seen.encode()) / PAGE_BYTES

    @settings(max_examples=200, deadline=None)
    @given(said=batches, moves=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 8)), max_size=60))
    def test_any_interleaving_gives_every_reader_the_same(
        self, said: list[list[Event]], moves: list[tuple[int, int]]
    ) -> None:
        """Three readers at their own pace, each losing the rest of a page now and then, see one log."""

        async def scenario() -> None:
            log, end, waiting = self.new_log(), 0, list(said)
            cursors = [0, 0, 0]
            seen: list[list[Event]] = [[], [], []]
            for reader, amount in moves:
                if waiting and amount % 2:
                    end = log.append(end, waiting.pop(0))
                page = log.read(cursors[reader])
                assert page.outcome is None
                kept = page.events[:amount]  # the connection is cut after so many events
                seen[reader] += kept
                cursors[reader] += len(kept)
            for batch in waiting:
                end = log.append(end, batch)
            log.close(end, DONE)
            for reader in range(3):
                async with aclosing(follow(log, cursors[reader], window=0)) as pages:
                    async for page in pages:
                        seen[reader] += page.events
                assert page.outcome == DONE
            assert seen == [[event for batch in said for event in batch]] * 3

        asyncio.run(scenario())
