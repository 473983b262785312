"""The generations that this process knows: those that run, and closed ones for late readers."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from headwater.generation.events import Event, Outcome
from headwater.generation.fold import Content, fold
from headwater.generation.log import Cursor, Log
from headwater.generation.readers import Readers
from headwater.generation.runner import Runner

EVENT_COST = 120
"""What an event in memory weighs beside its characters."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A generation as it stood at one look at its log."""

    content: Content
    cursor: Cursor
    outcome: Outcome | None


@dataclass(frozen=True, slots=True, eq=False)
class Generation:
    """One run of a model, and where its messages belong: `message` is the reply, `parent` the question."""

    id: str
    client: str
    conversation: str
    message: str
    parent: str
    model: str
    log: Log
    runner: Runner
    readers: Readers

    async def snapshot(self) -> Snapshot:
        """All that it has said so far."""
        events: list[Event] = []
        while True:
            page = await self.log.read(len(events))
            events += page.events
            if not page.more:
                return Snapshot(fold(events), page.cursor, page.outcome)


class Generations:
    """Generations by id.

    Closed ones are kept up to a total weight of `capacity` (about characters), then the first to have
    closed is forgotten first.
    """

    def __init__(self, capacity: int = 64 * 1024 * 1024) -> None:
        self._capacity = capacity
        self._weight = 0
        self._known: dict[str, Generation] = {}
        self._running: dict[Generation, asyncio.Task[None]] = {}
        self._closed: OrderedDict[str, int] = OrderedDict()

    def get(self, generation: str) -> Generation | None:
        """The generation of that id, running or closed."""
        return self._known.get(generation)

    @property
    def running(self) -> dict[Generation, asyncio.Task[None]]:
        """Those whose log is open, and the tasks that write them."""
        return self._running

    def add(self, generation: Generation, task: asyncio.Task[None]) -> None:
        """Take in a generation that has just started."""
        self._known[generation.id] = generation
        self._running[generation] = task

    def close(self, generation: Generation, snapshot: Snapshot) -> None:
        """Note that its log is closed, and what it holds."""
        del self._running[generation]
        content = snapshot.content
        weight = len(content.text) + len(content.reasoning) + EVENT_COST * (snapshot.cursor + 1)
        self._closed[generation.id] = weight
        self._weight += weight
        while self._weight > self._capacity and len(self._closed) > 1:
            oldest, freed = self._closed.popitem(last=False)
            self._weight -= freed
            del self._known[oldest]
