import asyncio

import pytest

from headwater.replies.readers import Readers


async def test_nobody_for_the_grace_period_is_told_even_if_nobody_ever_came() -> None:
    abandoned = asyncio.Event()
    Readers(0.01, abandoned.set).begin()
    async with asyncio.timeout(5):
        await abandoned.wait()


async def test_nobody_is_missed_who_could_not_come_yet() -> None:
    abandoned = asyncio.Event()
    readers = Readers(0.01, abandoned.set)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.04):
            await abandoned.wait()
    with readers.reading():
        readers.begin()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.04):
                await abandoned.wait()


async def test_the_last_reader_to_leave_starts_the_grace_period() -> None:
    abandoned = asyncio.Event()
    readers = Readers(0.03, abandoned.set)
    with readers.reading(), readers.reading():
        assert readers.count == 2
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.06):
                await abandoned.wait()
    with readers.reading():
        assert (readers.count, readers.most) == (1, 2)
    async with asyncio.timeout(5):
        await abandoned.wait()


async def test_a_reader_who_comes_back_in_time_is_welcome() -> None:
    abandoned = asyncio.Event()
    readers = Readers(0.03, abandoned.set)
    with readers.reading():
        pass
    with readers.reading(), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.06):
            await abandoned.wait()


async def test_nobody_is_missed_after_the_end() -> None:
    abandoned = asyncio.Event()
    readers = Readers(0.01, abandoned.set)
    with readers.reading():
        readers.close()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.04):
            await abandoned.wait()


async def test_the_first_reader_may_take_longer_to_come_than_a_later_one() -> None:
    abandoned = asyncio.Event()
    readers = Readers(0.0, abandoned.set, first=0.05)
    readers.begin()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await abandoned.wait()
    with readers.reading(), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await abandoned.wait()
    async with asyncio.timeout(5):
        await abandoned.wait()
