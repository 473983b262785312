"""Work that goes on although its caller is cancelled or waits no longer."""

import asyncio
from collections.abc import Awaitable, Coroutine
from contextvars import Context
from typing import Any, TypeVar

END_TIMEOUT = 5.0
"""Seconds that the end of a transaction may take once its task is cancelled."""

T = TypeVar("T")


_background: set[asyncio.Task[Any]] = set()


def in_background(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start work that nobody awaits, in a context of its own; it is kept until it is done."""
    task = asyncio.get_running_loop().create_task(work, context=Context())
    _background.add(task)
    task.add_done_callback(_background.discard)
    return task


async def awaited_for(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """The result of some work, or `TimeoutError` after so many seconds; the work goes on, unobserved."""
    task = in_background(work)
    task.add_done_callback(lambda task: task.cancelled() or task.exception())
    done, _ = await asyncio.wait([task], timeout=seconds)
    if not done:
        raise TimeoutError
    return task.result()


async def uncancelled(work: Awaitable[T], seconds: float | None = None) -> T:
    """Finish some work even if the caller is cancelled meanwhile, which then takes effect.

    The work gets at most `seconds` from then on.
    """
    task = asyncio.ensure_future(work)
    give_up: asyncio.TimerHandle | None = None
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
            if give_up is None and seconds is not None:
                give_up = asyncio.get_running_loop().call_later(seconds, task.cancel)
    if give_up is not None:
        give_up.cancel()
    if cancelled is None:
        return task.result()
    if not task.cancelled() and (failure := task.exception()) is not None:
        raise cancelled from failure
    raise cancelled
