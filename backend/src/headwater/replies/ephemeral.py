"""Lets other servers find, read and stop the ephemeral replies in the memory of this one."""

import asyncio
from collections.abc import Sequence

from headwater.conversations.model import GenerationRecord, OutcomeObject
from headwater.errors import UnavailableError
from headwater.generation.codec import outcome_object
from headwater.generation.log import Cursor, Piece, read_all
from headwater.live.ports import LogStore, Presence
from headwater.replies.active import ActiveReplies, Generation
from headwater.storage.ephemeral import EphemeralRepository
from headwater.storage.uncancelled import awaited_for

PUBLISH_TIMEOUT = 1.5
"""Seconds that a start waits for its row, which `compare` adds later if the database does not answer."""


class EphemeralReplies:
    """Keeps the rows of ephemeral replies in step with the memory of this server, if there are others.

    What was said is saved only once another server reads it, and from then on to the end.
    """

    def __init__(
        self, active: ActiveReplies, rows: EphemeralRepository, logs: LogStore, presence: Presence
    ) -> None:
        self._active = active
        self._rows = rows
        self._logs = logs
        self._presence = presence
        self._published: set[str] = set()
        """The replies that may have rows."""
        self._ends: dict[Generation, Cursor] = {}
        """The ends of what was saved of those that are, or were, read elsewhere."""
        self._complete: set[Generation] = set()
        """Those of which all is saved, with the outcome."""
        self._orphans: Sequence[str] = ()
        self._may_be_left = rows.may_be_left
        self._saving = asyncio.Lock()

    async def publish(self, generation: Generation) -> None:
        """Add the row of a reply that starts. Its id is new, so the start need not depend on that."""
        if not self._rows.has_others:
            return
        self._published.add(generation.id)
        try:
            await awaited_for(PUBLISH_TIMEOUT, self._rows.add([generation]))
        except (TimeoutError, UnavailableError):
            self._published.discard(generation.id)

    async def compare(self) -> None:
        """Add the rows that are missing, and remove those of replies that no server has in memory.

        What another server has deleted is stopped and forgotten. What a server leaves that is gone stays
        until the next time, for those who read it now.
        """
        has_others = self._rows.has_others
        if not (has_others or self._may_be_left):
            return
        if has_others:
            missing = [each for each in self._active.ephemeral() if each.id not in self._published]
            if missing:
                await self._rows.add(missing)
                self._published.update(generation.id for generation in missing)
        forgotten = {id_ for id_ in self._published if self._active.get(id_) is None}
        self._orphans, deleted = await self._rows.remove([*forgotten, *self._orphans])
        self._active.end_deleted(deleted)
        self._published -= forgotten
        self._ends = {each: end for each, end in self._ends.items() if self._active.get(each.id) is each}
        self._complete &= self._ends.keys()
        self._may_be_left = has_others or bool(self._published) or bool(self._orphans)

    async def save(self, *, first_and_last: bool = False) -> None:
        """Save what was said since the last time in replies that are read elsewhere.

        With `first_and_last`, only if readers wait for it: the first piece, and the outcome.
        """
        async with self._saving:
            await self._save(first_and_last=first_and_last)

    def has_begun(self, generation: Generation) -> bool:
        """Whether the first piece of a reply is saved, which readers elsewhere wait for before all others."""
        return generation in self._ends

    def end(self, generation: Generation) -> Cursor:
        """The end of what was saved of a reply."""
        return self._ends.get(generation, 0)

    async def find(self, owner: str, generation: str) -> GenerationRecord | None:
        """An owner's reply that another server has in memory."""
        return await self._rows.find(owner, generation) if self._may_be_elsewhere else None

    async def find_all(self, owner: str) -> Sequence[GenerationRecord]:
        """An owner's replies that other servers have in memory, newest first."""
        return await self._rows.find_all(owner) if self._may_be_elsewhere else ()

    async def delete(self, owner: str) -> None:
        """Hide an owner's replies at once; their servers forget them when they compare."""
        if self._may_be_elsewhere:
            await self._rows.delete(owner)

    @property
    def _may_be_elsewhere(self) -> bool:
        return self._rows.has_others or self._may_be_left

    async def _save(self, *, first_and_last: bool) -> None:
        wanted = set(self._ends)
        for id_ in self._presence.elsewhere:
            generation = self._active.get(id_)
            if generation is not None and not generation.is_stored:
                wanted.add(generation)
        pieces, outcomes, urgent = dict[Generation, Piece](), dict[str, OutcomeObject](), set[Generation]()
        for generation in wanted - self._complete:
            page = read_all(generation.log, self.end(generation))
            if page.outcome is not None:
                outcomes[generation.id] = outcome_object(page.outcome)
            # The first piece may be empty: it says that this is all so far.
            if page.outcome is not None or generation not in self._ends:
                urgent.add(generation)
            elif first_and_last or not page.events:
                continue
            pieces[generation] = Piece(generation.id, self.end(generation), page.events)
        known = await self._rows.save(list(pieces.values()), outcomes) if pieces else ()
        for generation, piece in pieces.items():
            if generation.id in known:
                self._ends[generation] = piece.end
                if generation.id in outcomes:
                    self._complete.add(generation)
                if generation in urgent:
                    self._logs.written(generation.id)
