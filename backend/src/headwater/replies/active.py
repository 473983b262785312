"""The replies in the memory of this process: running ones, and recently closed ones for late readers."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Self

import msgspec

from headwater.conversations.model import GenerationRecord, Message
from headwater.generation.codec import outcome_object
from headwater.generation.log import Cursor, Log, Page, read_all
from headwater.generation.outcome import Cancelled
from headwater.generation.parts import settle
from headwater.generation.runner import Runner
from headwater.identity.quota import Slot
from headwater.live.ports import LogStore
from headwater.replies.unread import Readers

EVENT_COST = 120
"""The approximate bytes of an event in memory, beside its characters."""

RETENTION = 60.0
"""Seconds that a closed log stays in memory after its row was written."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Generation(GenerationRecord):
    """A generation with its log. An ephemeral one is gone when its log leaves memory."""

    log: Log

    @classmethod
    def of(cls, record: GenerationRecord, log: Log) -> Self:
        """The generation of a record."""
        return cls(**{name: getattr(record, name) for name in GenerationRecord.__slots__}, log=log)

    def snapshot(self) -> Page:
        """Its current state: all events so far, and the outcome."""
        return read_all(self.log)


@dataclass(frozen=True, slots=True, eq=False)
class ActiveReply:
    """What a generation needs until its row is closed; `started` is done once its row exists."""

    runner: Runner
    readers: Readers
    slot: Slot
    started: asyncio.Future[None]
    task: asyncio.Task[None]


class ActiveReplies:
    """Generations by id.

    Closed ones stay for `RETENTION`, up to a total weight of `capacity` (about characters); beyond that,
    those that closed first are forgotten first. Where `rows_are_shared`, another server may delete a closed
    row at any time, so what has one is read from there.
    """

    def __init__(
        self, logs: LogStore, capacity: int = 64 * 1024 * 1024, *, rows_are_shared: bool = False
    ) -> None:
        self._logs = logs
        self._rows_are_shared = rows_are_shared
        self._capacity = capacity
        self._weight = 0
        self._known: dict[str, Generation] = {}
        self._running: dict[Generation, ActiveReply] = {}
        self._closed: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._running)

    def __iter__(self) -> Iterator[Generation]:
        """The running generations, whose rows are not closed yet."""
        return iter(tuple(self._running))

    def get(self, generation: str) -> Generation | None:
        """The generation with this id, running or closed."""
        return self._known.get(generation)

    def ephemeral(self) -> Iterator[Generation]:
        """Those that are not stored, running or closed, but for those that are about to start."""
        for generation in self._known.values():
            active = self._running.get(generation)
            if not generation.is_stored and (active is None or active.started.done()):
                yield generation

    async def started(self, generation: str) -> None:
        """Wait until a generation that is about to start has its rows, or failed to start."""
        known = self.get(generation)
        active = None if known is None else self._running.get(known)
        if active is not None and not active.started.done():
            await asyncio.wait([active.started])

    def active(self, generation: Generation) -> ActiveReply:
        """What keeps a running generation going. Raises `KeyError` once its row is closed."""
        return self._running[generation]

    async def current(self, message: Message) -> tuple[Message, Cursor]:
        """A message with its current parts, from its log until the row is closed, and the end of the log."""
        if message.generation is None or message.outcome is not None:
            return message, 0
        generation = self.get(message.generation)
        log = await self._logs.open(message.generation) if generation is None else generation.log
        if log is None:
            return message, 0
        snapshot = read_all(log)
        outcome = None if snapshot.outcome is None else outcome_object(snapshot.outcome)
        return msgspec.structs.replace(
            message, parts=settle(snapshot.events), outcome=outcome
        ), snapshot.cursor

    def stop_deleted(self, generation: Generation) -> None:
        """Stop a generation whose row is gone, unless it is about to be written."""
        active = self._running[generation]
        if active.started.done():
            active.runner.stop(Cancelled("user"))

    def end_deleted(self, generations: Collection[str]) -> None:
        """Stop or forget generations that are deleted; those that run stay until they are closed."""
        for generation in self:
            if generation.id in generations:
                self.stop_deleted(generation)
        self.forget_all(lambda generation: generation.id in generations)

    def add(self, generation: Generation, active: ActiveReply) -> None:
        """Add a generation that has just started."""
        self._known[generation.id] = generation
        self._running[generation] = active

    def drop(self, generation: Generation) -> None:
        """Remove a generation that could not start."""
        self._running.pop(generation).slot.release()
        del self._known[generation.id]
        self._logs.forget(generation.id)

    def close(self, generation: Generation, snapshot: Page) -> None:
        """Move a generation to the closed ones, once its log and its row are closed."""
        del self._running[generation]
        if self._rows_are_shared and generation.is_stored:
            del self._known[generation.id]
            self._logs.forget(generation.id)
            return
        weight = sum(event.length + EVENT_COST for event in snapshot.events) + EVENT_COST
        self._closed[generation.id] = weight
        self._weight += weight
        asyncio.get_running_loop().call_later(RETENTION, self._forget, generation.id)
        while self._weight > self._capacity and len(self._closed) > 1:
            self._forget(next(iter(self._closed)))

    def forget_all(self, is_gone: Callable[[Generation], bool]) -> None:
        """Forget the closed generations for which `is_gone` holds."""
        for id_ in tuple(self._closed):
            if is_gone(self._known[id_]):
                self._forget(id_)

    def _forget(self, generation: str) -> None:
        if generation in self._closed:
            self._weight -= self._closed.pop(generation)
            del self._known[generation]
            self._logs.forget(generation)
