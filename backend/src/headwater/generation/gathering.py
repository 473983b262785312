"""What arrives while the process is busy is gathered, and taken once a window."""

from collections.abc import Callable


class Gathering:
    """Those who have something that waits to be taken.

    `is_on` says whether to wait at all. `expect` is called when somebody begins to wait, and has `take_all`
    called before long.
    """

    def __init__(self) -> None:
        self.is_on = False
        self.expect: Callable[[], None] = self.take_all
        self._waiting: list[Callable[[], None]] = []

    def wait(self, take: Callable[[], None]) -> None:
        """Call `take` with the next `take_all`."""
        self._waiting.append(take)
        self.expect()

    def take_all(self) -> None:
        """Let all who wait take what they have."""
        waiting, self._waiting = self._waiting, []
        for take in waiting:
            take()
