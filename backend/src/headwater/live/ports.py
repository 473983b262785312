"""Ports for live state, so that it need not be in the memory of one process.

The server that runs a model writes the reply's log. Clients that read or stop the reply may be connected to
any server that shares these ports. `memory.py` and `changes.py` implement them for a single process, and
`postgresql/` for the servers on one database.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Protocol, TypeAlias

from headwater.generation.log import Log, LogWriter, Piece
from headwater.generation.outcome import Cancelled, Interrupted

Stop: TypeAlias = Callable[[Cancelled | Interrupted], None]


class LogStore(Protocol):
    """The logs of replies by generation id. After `forget`, a reply is read from its row."""

    def create(self, generation: str) -> LogWriter:
        """Create an empty log, whose one writer is the caller."""
        ...

    async def open(self, generation: str) -> Log | None:
        """The log of a reply, whichever server writes it; None if it does not exist or was forgotten.

        Raises `UnavailableError` if that server does not answer.
        """
        ...

    async def share(self, pieces: Sequence[Piece]) -> None:
        """Give readers on other servers what follows the pieces that are saved. Raises `UnavailableError`."""
        ...

    def written(self, generation: str) -> None:
        """Note that rows have what readers on other servers wait for: a reply's end, or its first piece."""
        ...

    def forget(self, generation: str) -> None:
        """Drop a log that is not needed here any more."""
        ...


class Control(Protocol):
    """Stops replies, whichever server runs them."""

    def listen(self, generation: str, stop: Stop) -> None:
        """Call `stop` on request, until `forget`; called by the server that runs the reply."""
        ...

    def forget(self, generation: str) -> None:
        """Stop listening, because the reply has ended."""
        ...

    async def stop(self, generation: str, status: Cancelled | Interrupted) -> None:
        """Request the end of a reply; does nothing if it has ended."""
        ...


class Presence(Protocol):
    """Counts the readers of replies, whichever server they are connected to."""

    def listen(self, generation: str, changed: Callable[[int], None]) -> None:
        """Call `changed` with the number of readers whenever it changes, until `forget`."""
        ...

    def forget(self, generation: str) -> None:
        """Stop counting, because the reply has ended."""
        ...

    @property
    def elsewhere(self) -> Collection[str]:
        """The replies of this server that are read on others."""
        ...

    async def read_elsewhere(self) -> None:
        """Wait until there is one."""
        ...

    def reading(self, generation: str) -> AbstractContextManager[None]:
        """Count as a reader for as long as the context lasts."""
        ...


class Lease(Protocol):
    """The right to run replies, which another server may have taken over unnoticed."""

    @property
    def is_ours(self) -> bool:
        """Whether no other server can have taken over; only then may events be handed out."""
        ...

    async def wait_until_ours(self, timeout: float) -> bool:  # noqa: ASYNC109
        """Wait up to `timeout` seconds; whether it is ours."""
        ...


class ChangeFeed(Protocol):
    """Announces changes of conversations to their owner's listeners."""

    def announce(self, owner: str, conversation: str) -> None:
        """Announce that this conversation has changed."""
        ...

    def listen(self, owner: str, idle: float) -> AsyncGenerator[tuple[str, ...], None]:
        """Yield the conversations that change from now on.

        Yields an empty tuple at once, and after every `idle` seconds without a change. Ends with `close`.
        """
        ...

    def close(self) -> None:
        """End all `listen` iterators."""
        ...


class Channel(Protocol):
    """Carries payloads to all servers that listen, the sender included. One may be lost."""

    payload_bytes: int
    """How long a payload may be."""

    silence: str
    """What to log when nothing comes through although it seems to work."""

    @property
    def is_away(self) -> bool:
        """Whether it is known not to work, and logged."""
        ...

    async def publish(self, payloads: Sequence[str]) -> None:
        """Send payloads. Raises `UnavailableError`; then some may have gone out."""
        ...

    def listening(self, heard: Callable[[str], None]) -> AbstractAsyncContextManager[asyncio.Event]:
        """Call `heard` with payloads; the event is set once the connection is lost.

        Raises `UnavailableError`.
        """
        ...
