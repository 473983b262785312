"""The generations that this process has in memory: those that run, and closed ones for late readers."""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, replace

from headwater.conversations.model import Message
from headwater.generation.events import Event, Outcome
from headwater.generation.fold import Content, Shape, fold, shape
from headwater.generation.log import Cursor, Log
from headwater.generation.runner import Runner
from headwater.replies.readers import Readers
from headwater.transports.json import encode_json
from headwater.transports.wire import outcome_object

logger = logging.getLogger(__name__)

EVENT_COST = 120
"""What an event in memory weighs beside its characters."""

CLIENT_CHARS = len("client_") + 6
"""How much of a client's name is logged."""

RETENTION = 60.0
"""Seconds that a closed log stays in memory once its row can answer for it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A generation as it stood at one look at its log."""

    content: Content
    shape: Shape
    outcome: Outcome | None

    @property
    def cursor(self) -> Cursor:
        """The end of the log."""
        return len(self.shape)


@dataclass(frozen=True, slots=True, eq=False)
class Generation:
    """One run of a model, and where its messages belong: `message` is the reply, `parent` the one before.

    One that is not `kept` belongs nowhere, has no row, and is gone when its log leaves memory.
    `created_at` is in milliseconds since 1970.
    """

    id: str
    client: str
    conversation: str
    message: str
    parent: str
    model: str
    log: Log
    created_at: int
    kept: bool = True

    async def snapshot(self) -> Snapshot:
        """All that it has said so far."""
        events: list[Event] = []
        while True:
            page = await self.log.read(len(events))
            events += page.events
            if not page.more:
                return Snapshot(fold(events), shape(events), page.outcome)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What keeps a generation going, until its row is written; `counted_as` is in whose limit it counts."""

    runner: Runner
    readers: Readers
    task: asyncio.Task[None]
    counted_as: str


class Generations:
    """Generations by id.

    Closed ones are kept for `RETENTION`, and up to a total weight of `capacity` (about characters); beyond
    that the first to have closed is forgotten first.
    """

    def __init__(self, capacity: int = 64 * 1024 * 1024) -> None:
        self._capacity = capacity
        self._weight = 0
        self._known: dict[str, Generation] = {}
        self._running: dict[Generation, Run] = {}
        self._closed: OrderedDict[str, int] = OrderedDict()

    def get(self, generation: str) -> Generation | None:
        """The generation of that id, running or closed."""
        return self._known.get(generation)

    async def live(self, message: Message) -> tuple[Message, Cursor]:
        """A message as it is now, and the end of its log, which has the text until the row is written."""
        generation = None if message.generation is None else self.get(message.generation)
        if generation is None or message.outcome is not None:
            return message, 0
        said = await generation.snapshot()
        outcome = None if said.outcome is None else outcome_object(said.outcome)
        current = replace(message, text=said.content.text, reasoning=said.content.reasoning, outcome=outcome)
        return current, said.cursor

    def is_running(self, generation: str) -> bool:
        """Whether its row is not written yet."""
        found = self.get(generation)
        return found is not None and found in self._running

    @property
    def running(self) -> dict[Generation, Run]:
        """Those whose row is not written yet, and what writes them."""
        return self._running

    def add(self, generation: Generation, run: Run) -> None:
        """Take in a generation that has just started."""
        self._known[generation.id] = generation
        self._running[generation] = run

    def drop(self, generation: Generation) -> None:
        """Forget a generation that could not begin."""
        del self._running[generation]
        del self._known[generation.id]

    def close(self, generation: Generation, snapshot: Snapshot) -> None:
        """Note that its log is closed and saved, and what it holds."""
        del self._running[generation]
        content = snapshot.content
        weight = len(content.text) + len(content.reasoning) + EVENT_COST * (snapshot.cursor + 1)
        self._closed[generation.id] = weight
        self._weight += weight
        asyncio.get_running_loop().call_later(RETENTION, self._forget, generation.id)
        while self._weight > self._capacity and len(self._closed) > 1:
            self._forget(next(iter(self._closed)))

    def _forget(self, generation: str) -> None:
        if generation in self._closed:
            self._weight -= self._closed.pop(generation)
            del self._known[generation]


def note_end(generation: Generation, snapshot: Snapshot, most_readers: int) -> None:
    """Log how a generation ended: one line, a JSON object.

    Nothing of what was asked or said is in it, and of the client's name only as much as tells clients apart.
    """
    if snapshot.outcome is None:
        return
    said = outcome_object(snapshot.outcome)
    line = {
        "generation": generation.id,
        "conversation": generation.conversation,
        "message": generation.message,
        "client": generation.client[:CLIENT_CHARS],
        "model": generation.model,
        **{name: said[name] for name in ("status", "reason", "by", "code") if name in said},
        **(said["timing"] or {}),
        "most_readers": most_readers,
    }
    logger.info("%s", encode_json(line).decode())
