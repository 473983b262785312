"""The feed of changes of several servers: announced in this process, and by a bell in the others."""

from collections.abc import AsyncGenerator, Sequence

from headwater.live.bells import Bells
from headwater.live.changes import MemoryChangeFeed

CHANGED = "changed"
"""The bell of an owner and a conversation that has changed."""


class SharedChangeFeed:
    """See `ChangeFeed`. Where bells may have been missed, all listeners end, and their clients read anew."""

    def __init__(self, bells: Bells) -> None:
        self._bells = bells
        self._here = MemoryChangeFeed()
        bells.on(CHANGED, self._hear)
        bells.on_restart(self._here.end_all)

    def announce(self, owner: str, conversation: str) -> None:
        """See `ChangeFeed.announce`."""
        self._here.announce(owner, conversation)
        self._bells.ring(CHANGED, owner, conversation)

    def listen(self, owner: str, idle: float) -> AsyncGenerator[tuple[str, ...], None]:
        """See `ChangeFeed.listen`."""
        return self._here.listen(owner, idle)

    def close(self) -> None:
        """See `ChangeFeed.close`."""
        self._here.close()

    def _hear(self, words: Sequence[str]) -> None:
        owner, conversation = words
        self._here.announce(owner, conversation)
