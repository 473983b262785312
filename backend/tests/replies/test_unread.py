import asyncio

import pytest

from headwater.replies import unread as module
from headwater.replies.unread import Keep, Readers, StopAfter, StopAtOnce


async def never(abandoned: asyncio.Event, seconds: float) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            await abandoned.wait()


async def at_last(abandoned: asyncio.Event) -> None:
    async with asyncio.timeout(5):
        await abandoned.wait()


async def test_a_reply_is_stopped_even_if_nobody_ever_read_it() -> None:
    abandoned = asyncio.Event()
    Readers(StopAfter(0.01), abandoned.set).start()
    await at_last(abandoned)


async def test_a_reply_whose_id_nobody_knows_is_stopped_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_READER", 0.01)
    for is_known in (True, False):
        abandoned = asyncio.Event()
        Readers(StopAfter(60), abandoned.set, is_known=is_known).start()
        await (never(abandoned, 0.04) if is_known else at_last(abandoned))


async def test_nobody_is_missed_who_could_not_come_yet() -> None:
    abandoned = asyncio.Event()
    readers = Readers(StopAfter(0.01), abandoned.set)
    await never(abandoned, 0.04)
    readers.changed(1)
    readers.start()
    await never(abandoned, 0.04)


async def test_the_last_reader_to_leave_starts_the_grace_period() -> None:
    abandoned = asyncio.Event()
    readers = Readers(StopAfter(0.03), abandoned.set)
    readers.changed(1)
    readers.changed(2)
    readers.changed(1)
    await never(abandoned, 0.06)
    readers.changed(0)
    assert readers.most == 2
    await at_last(abandoned)


async def test_a_reader_who_comes_back_in_time_is_welcome() -> None:
    abandoned = asyncio.Event()
    readers = Readers(StopAfter(0.03), abandoned.set)
    for count in (1, 0, 1):
        readers.changed(count)
    await never(abandoned, 0.06)


async def test_nobody_is_missed_after_the_end() -> None:
    abandoned = asyncio.Event()
    readers = Readers(StopAfter(0.01), abandoned.set)
    readers.changed(1)
    readers.close()
    readers.changed(0)
    await never(abandoned, 0.04)


async def test_a_reply_that_nobody_waits_for_goes_on_without_readers() -> None:
    abandoned = asyncio.Event()
    readers = Readers(Keep(), abandoned.set)
    readers.start()
    for count in (1, 0):
        readers.changed(count)
    await never(abandoned, 0.04)


async def test_the_first_reader_may_take_longer_to_come_than_a_later_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "FIRST_READER", 0.05)
    abandoned = asyncio.Event()
    readers = Readers(StopAtOnce(), abandoned.set)
    readers.start()
    await never(abandoned, 0.02)
    readers.changed(1)
    await never(abandoned, 0.1)
    readers.changed(0)
    await at_last(abandoned)


async def test_a_reader_who_was_there_before_the_start_leaves_no_timer_behind() -> None:
    abandoned = asyncio.Event()
    readers = Readers(StopAfter(0.03), abandoned.set)
    for count in (1, 0):
        readers.changed(count)
    readers.start()
    readers.changed(1)
    await never(abandoned, 0.08)
