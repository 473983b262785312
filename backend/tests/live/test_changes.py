import asyncio
from contextlib import aclosing

import pytest

from headwater.live.changes import MemoryChangeFeed


async def test_changes_are_gathered_and_told_once() -> None:
    changes = MemoryChangeFeed()
    async with aclosing(changes.listen("me", 60)) as told:
        assert await anext(told) == ()
        for name in ("a", "b", "a"):
            changes.announce("me", name)
        changes.announce("you", "c")
        assert await anext(told) == ("a", "b")
        changes.announce("me", "a")
        assert await anext(told) == ("a",)


async def test_silence_is_told_too() -> None:
    async with aclosing(MemoryChangeFeed().listen("me", 0.001)) as told:
        assert [await anext(told) for _ in range(3)] == [(), (), ()]


async def test_who_has_left_is_forgotten() -> None:
    changes = MemoryChangeFeed()
    told = changes.listen("me", 60)
    await anext(told)
    await told.aclose()
    assert not changes._listeners


async def test_listening_ends_when_nothing_more_is_announced() -> None:
    changes = MemoryChangeFeed()
    async with asyncio.timeout(10), aclosing(changes.listen("me", 60)) as told:
        await anext(told)
        waiting = asyncio.ensure_future(anext(told))
        await asyncio.sleep(0)
        changes.close()
        assert await waiting == ()
        with pytest.raises(StopAsyncIteration):
            await anext(told)
