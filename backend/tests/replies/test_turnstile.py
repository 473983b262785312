import asyncio

import pytest

from headwater.replies.turnstile import Turnstile

NEVER = 3600.0


class Visitors:
    """Visitors who stay until they are told to leave; `inside` has them in the order of coming in."""

    def __init__(self, turnstile: Turnstile) -> None:
        self.turnstile = turnstile
        self.inside: list[int] = []
        self.leave: dict[int, asyncio.Event] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}

    async def come(self, number: int) -> None:
        self.leave[number] = asyncio.Event()
        self.tasks[number] = asyncio.create_task(self._visit(number))
        await asyncio.sleep(0)

    async def _visit(self, number: int) -> None:
        async with self.turnstile.turn():
            self.inside.append(number)
            await self.leave[number].wait()

    async def until_inside(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.inside) < count:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0)

    async def let_all_go(self) -> None:
        for leave in self.leave.values():
            leave.set()
        async with asyncio.timeout(5):
            await asyncio.gather(*self.tasks.values(), return_exceptions=True)


async def test_a_few_are_let_in_at_once_and_the_others_in_order_as_they_leave() -> None:
    visitors = Visitors(Turnstile(2, NEVER))
    for number in range(5):
        await visitors.come(number)
    assert visitors.inside == [0, 1]
    visitors.leave[1].set()
    await visitors.until_inside(3)
    visitors.leave[0].set()
    await visitors.until_inside(4)
    await visitors.let_all_go()
    assert visitors.inside == [0, 1, 2, 3, 4]


async def test_whoever_is_slow_holds_up_nobody() -> None:
    visitors = Visitors(Turnstile(1, 0.001))
    for number in range(4):
        await visitors.come(number)
    await visitors.until_inside(4)
    assert visitors.inside == [0, 1, 2, 3]
    await visitors.let_all_go()


@pytest.mark.parametrize("is_let_in", [False, True])
async def test_whoever_gives_up_takes_no_turn(is_let_in: bool) -> None:
    """Also in the very moment in which it is let in."""
    visitors = Visitors(Turnstile(1, NEVER))
    for number in range(3):
        await visitors.come(number)
    if is_let_in:
        visitors.leave[0].set()
        await asyncio.sleep(0)
    visitors.tasks[1].cancel()
    visitors.leave[0].set()
    await visitors.until_inside(2)
    assert visitors.inside == [0, 2]
    await visitors.let_all_go()
    await visitors.come(3)
    assert visitors.inside == [0, 2, 3]
    await visitors.let_all_go()
