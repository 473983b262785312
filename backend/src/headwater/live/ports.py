"""What lives while replies run, behind ports, so that it may live in other places than this process.

The server that runs a model writes the reply's log. Readers, and those who stop a reply, may be connected to
any server that shares these ports. `memory.py` and `changes.py` hold them for a single process; that one
server at a time runs replies on a database is the matter of `storage/lock.py`.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

from headwater.generation.log import Log, LogWriter
from headwater.generation.outcome import Cancelled, Interrupted

Stop: TypeAlias = Callable[[Cancelled | Interrupted], None]


class LogStore(Protocol):
    """The logs of replies by generation id. A log that is forgotten is read from its row."""

    def create(self, generation: str) -> LogWriter:
        """Make an empty log, of which the caller is the one writer."""
        ...

    async def open(self, generation: str) -> Log | None:
        """The log of a reply, whichever server writes it; None where there is none (any more)."""
        ...

    def forget(self, generation: str) -> None:
        """Drop a log that nobody needs here any more."""
        ...


class Control(Protocol):
    """Stops replies, whichever server runs them."""

    def listen(self, generation: str, stop: Stop) -> None:
        """Call `stop` when somebody asks for it, until `forget`; called by the server that runs the reply."""
        ...

    def forget(self, generation: str) -> None:
        """The reply has ended."""
        ...

    async def stop(self, generation: str, status: Cancelled | Interrupted) -> None:
        """Ask for the end of a reply; nothing happens where it has ended."""
        ...


class Presence(Protocol):
    """Counts the readers of replies, whichever server they are connected to."""

    def listen(self, generation: str, changed: Callable[[int], None]) -> None:
        """Call `changed` with the number of readers whenever it changes, until `forget`."""
        ...

    def forget(self, generation: str) -> None:
        """The reply has ended: its readers do not matter any more."""
        ...

    def reading(self, generation: str) -> AbstractContextManager[None]:
        """Count as a reader for as long as the context lasts."""
        ...


class ChangeFeed(Protocol):
    """Announces to an owner's listeners which of its conversations have changed."""

    def announce(self, owner: str, conversation: str) -> None:
        """Announce that something about this conversation has changed."""
        ...

    def listen(self, owner: str, idle: float) -> AsyncGenerator[tuple[str, ...], None]:
        """Yield the conversations that change from now on.

        Yields an empty tuple at once, and after every `idle` seconds without a change. Ends with `close`.
        """
        ...

    def close(self) -> None:
        """End all listening."""
        ...
