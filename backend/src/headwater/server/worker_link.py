"""What the supervisor and its workers tell each other: lines of JSON over a pair of sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeAlias, TypeVar

import msgspec

LINE_BYTES = 16 * 1024 * 1024
"""The most that a line may have. An exposition has some 10 kB."""


class Ready(msgspec.Struct, tag=True):
    """The worker answers; `greeting` is for people."""

    greeting: str


class CannotStart(msgspec.Struct, tag=True):
    """The worker ends because of a reason, in one line."""

    reason: str


class Drained(msgspec.Struct, tag=True):
    """No reply runs any more in the worker."""


class Counted(msgspec.Struct, tag=True):
    """What the worker has counted by now: an exposition of metrics."""

    metrics: str


class Scrape(msgspec.Struct, tag=True):
    """Somebody asks the worker for the metrics of all. A `Scraped` answers all that wait in the worker."""


Report: TypeAlias = Ready | CannotStart | Drained | Counted | Scrape
"""What a worker says."""


class WillDrain(msgspec.Struct, tag=True):
    """The server is about to stop: load balancers should send nobody any more."""


class Drain(msgspec.Struct, tag=True):
    """Stop; running replies get so many seconds. New connections are left to others if there are any."""

    seconds: float
    is_port_shared: bool


class Hurry(msgspec.Struct, tag=True):
    """Stop without a wait for running replies."""


class Count(msgspec.Struct, tag=True):
    """Say what is counted by now."""


class Scraped(msgspec.Struct, tag=True):
    """The metrics of all workers."""

    metrics: str


Command: TypeAlias = WillDrain | Drain | Hurry | Count | Scraped
"""What the supervisor says."""

Heard = TypeVar("Heard", Report, Command)
Said = TypeVar("Said", Report, Command)


class Link(Generic[Said, Heard]):
    """One end. Iterate over it for what the other end says, until it is closed or its process has ended."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, decode: Callable[[bytes], Heard]
    ) -> None:
        self._reader, self._writer = reader, writer
        self._decode: Callable[[bytes], Heard] = decode

    def send(self, message: Said) -> None:
        """Say something, unless the other end is gone."""
        if not self._writer.is_closing():
            self._writer.write(msgspec.json.encode(message) + b"\n")

    async def __aiter__(self) -> AsyncIterator[Heard]:
        try:
            while (line := await self._reader.readline()).endswith(b"\n"):
                yield self._decode(line)
        except ConnectionError:
            return  # its process was killed

    async def close(self) -> None:
        """Hand over what was said, and close this end."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return  # nobody is left to hear it


WorkerLink: TypeAlias = Link[Report, Command]
SupervisorLink: TypeAlias = Link[Command, Report]


async def link_to_supervisor(end: socket.socket) -> WorkerLink:
    """The end of a worker."""
    return Link(*await _opened(end), msgspec.json.Decoder(Command).decode)


async def link_to_worker(end: socket.socket) -> SupervisorLink:
    """The end of the supervisor."""
    return Link(*await _opened(end), msgspec.json.Decoder(Report).decode)


async def _opened(end: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_unix_connection(sock=end, limit=LINE_BYTES)
