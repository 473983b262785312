"""Doing a thing once, however often it is asked for."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class KeyReusedError(Exception):
    """The key was used before, for another request."""


class Once(Generic[T]):
    """Remembers by key what was done for a request; the oldest of `capacity` keys is forgotten first."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._done: OrderedDict[Hashable, tuple[object, asyncio.Future[T]]] = OrderedDict()

    async def do(self, key: Hashable, request: object, action: Callable[[], Awaitable[T]]) -> T:
        """The result of `action`, run for the first of all calls with this key.

        An action that raised counts as not done. Raises `KeyReusedError` when an earlier call with
        this key had another `request`.
        """
        while (earlier := self._done.get(key)) is not None:
            if earlier[0] != request:
                raise KeyReusedError
            await asyncio.wait([earlier[1]])
            if not earlier[1].cancelled():
                return earlier[1].result()
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._done[key] = (request, future)
        try:
            result = await action()
        except BaseException:
            del self._done[key]
            future.cancel()
            raise
        future.set_result(result)
        if len(self._done) > self._capacity:
            self._done.popitem(last=False)
        return result
