import asyncio

import pytest

from headwater.idempotency import KeyReusedError, Once


class Counting:
    def __init__(self) -> None:
        self.count = 0
        self.go_on = asyncio.Event()

    async def __call__(self) -> int:
        self.count += 1
        await self.go_on.wait()
        return self.count


async def test_asked_for_at_the_same_time_it_is_done_once() -> None:
    once: Once[int] = Once()
    action = Counting()
    asked = [asyncio.create_task(once.do("key", "request", action)) for _ in range(3)]
    await asyncio.sleep(0)
    action.go_on.set()
    assert await asyncio.gather(*asked) == [1, 1, 1]
    assert await once.do("key", "request", action) == 1
    assert await once.do("other", "request", action) == 2


async def test_another_request_under_the_same_key_is_refused() -> None:
    once: Once[int] = Once()
    action = Counting()
    action.go_on.set()
    await once.do("key", "request", action)
    with pytest.raises(KeyReusedError):
        await once.do("key", "another", action)


async def test_what_failed_was_not_done() -> None:
    once: Once[int] = Once()

    async def fails() -> int:
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        await once.do("key", "request", fails)
    action = Counting()
    action.go_on.set()
    assert await once.do("key", "another", action) == 1


async def test_who_waits_for_one_that_leaves_does_it_in_their_place() -> None:
    once: Once[int] = Once()
    action = Counting()
    first = asyncio.create_task(once.do("key", "request", action))
    await asyncio.sleep(0)
    second = asyncio.create_task(once.do("key", "request", action))
    await asyncio.sleep(0)
    first.cancel()
    action.go_on.set()
    async with asyncio.timeout(5):
        assert await second == 2


async def test_the_oldest_key_is_forgotten_first() -> None:
    once: Once[int] = Once(capacity=2)
    action = Counting()
    action.go_on.set()
    for key in "abc":
        await once.do(key, "request", action)
    assert await once.do("a", "another", action) == 4
    with pytest.raises(KeyReusedError):
        await once.do("c", "another", action)
