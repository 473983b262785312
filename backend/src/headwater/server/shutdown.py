"""How a server is asked to stop."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any


class Shutdown:
    """A first request begins the shutdown, a second one skips the wait for running replies.

    `timeout` is the time in seconds that replies get to end. `is_port_shared` says that others accept
    connections on the same ports, so this server leaves new ones to them at once.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self.is_port_shared = False
        self.begun = asyncio.Event()
        self.hurry = asyncio.Event()

    def request(self) -> None:
        """Begin it, or skip the wait."""
        (self.hurry if self.begun.is_set() else self.begun).set()

    def at_once(self) -> None:
        """Begin it without a wait."""
        self.begun.set()
        self.hurry.set()

    def on_signals(self, *numbers: signal.Signals) -> None:
        """Take each of these signals for a request."""
        for number in numbers:
            asyncio.get_running_loop().add_signal_handler(number, self.request)


async def first_of(*awaitables: Coroutine[Any, Any, object]) -> None:
    """Wait until one of them is done, and cancel the others."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in awaitables]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
