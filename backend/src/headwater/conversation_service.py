"""The use cases of stored conversations: list, open, change, delete, search, share, export and import."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakValueDictionary

from sqlalchemy.exc import SQLAlchemyError

from headwater.clock import now
from headwater.conversations.archive import to_archive, to_markdown
from headwater.conversations.model import Conversation, Message, UnknownMessageError
from headwater.errors import NotFoundError, UnavailableError
from headwater.generation.codec import JsonObject
from headwater.live.ports import ChangeFeed
from headwater.replies.service import Replies
from headwater.storage.conversations import ConversationRepository, Imported, ListCursor
from headwater.storage.erasure import FOR_GOOD
from headwater.storage.recognition import Archived
from headwater.storage.search import SearchCursor, SearchMatch, SearchRepository
from headwater.storage.shares import Shared, ShareRepository
from headwater.storage.uncancelled import uncancelled

logger = logging.getLogger(__name__)

UNDO_SECONDS = 600
"""How long a deletion can be undone."""

DAY = 24 * 60 * 60 * 1000
"""Milliseconds of a day."""

PURGE_EVERY = 60.0
"""Seconds between two removals of deleted conversations."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation, and whether a reply was running in it.

    `running` is determined before the rows are read, so without a running reply they are complete.
    """

    conversation: Conversation
    running: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation with its current messages; `cursors` holds the end of the log of each running reply."""

    listed: Listed
    messages: Sequence[Message]
    cursors: Mapping[str, int]


class ConversationService:
    """The stored conversations of all owners. Methods raise `NotFoundError` for what is not the owner's."""

    def __init__(
        self,
        *,
        replies: Replies,
        conversations: ConversationRepository,
        search: SearchRepository,
        shares: ShareRepository,
        changes: ChangeFeed,
    ) -> None:
        self._replies = replies
        self._conversations = conversations
        self._search = search
        self._shares = shares
        self._changes = changes
        self._owners: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def purge(self, retention: float) -> None:
        """Remove conversations for good, until cancelled; one server does so for all.

        They are removed `UNDO_SECONDS` after they were deleted, or `retention` days after their last update;
        0 keeps them. Also removes what a crash left of closed replies.
        """
        while True:
            try:
                if self._conversations.are_ours_to_purge:
                    await self._purge(retention)
            except UnavailableError:
                pass  # the database has logged it; the next round removes them
            except SQLAlchemyError:
                logger.exception("deleted conversations could not be removed; trying again")
            await asyncio.sleep(PURGE_EVERY)

    async def _purge(self, retention: float) -> None:
        now = await self._conversations.now()
        if retention:
            await self._expire(now - round(retention * DAY))
        await self._conversations.purge(now - UNDO_SECONDS * 1000)
        await self._replies.forget_pieces()

    async def _expire(self, before: int) -> None:
        async for expired in self._conversations.expire(before):
            by_owner: defaultdict[str, set[str]] = defaultdict(set)
            for owner, id_ in expired:
                self._changes.announce(owner, id_)
                by_owner[owner].add(id_)
            for owner, ids in by_owner.items():
                await self._replies.end_all_in(owner, ids)

    async def page(
        self, owner: str, *, archived: bool, pinned: bool | None, limit: int, after: ListCursor | None
    ) -> tuple[list[Listed], ListCursor | None]:
        """One page of conversations, newest first, and the cursor of the next page, if any."""
        busy = await self._replies.busy(owner)
        page, cursor = await self._conversations.page(
            owner, archived=archived, pinned=pinned, limit=limit, after=after
        )
        return [Listed(conversation, conversation.id in busy) for conversation in page], cursor

    async def open(self, owner: str, id_: str) -> Opened:
        """A conversation with its messages, those of running replies with their text so far."""
        running = id_ in await self._replies.busy(owner)
        conversation, messages = await self._conversations.read(owner, id_)
        cursors = {}
        for index, message in enumerate(messages):
            if message.generation is not None and message.outcome is None:
                messages[index], cursors[message.id] = await self._replies.current(message)
        return Opened(Listed(conversation, running), messages, cursors)

    async def change(self, owner: str, conversation: str, columns: Mapping[str, Any]) -> Listed:
        """Set the columns; a title that a person wrote is never replaced by a generated one."""
        if "title" in columns:
            columns = {**columns, "titled": True}
        with self._changing(owner, conversation):
            try:
                changed = await self._conversations.change(owner, conversation, columns)
            except UnknownMessageError as error:
                error.field = "leaf"
                raise
        return await self._listed(owner, changed)

    async def delete(self, owner: str, conversation: str) -> None:
        """Delete a conversation and stop its replies; `restore` can undo that for `UNDO_SECONDS`."""
        with self._changing(owner, conversation):
            await self._conversations.delete(owner, conversation, await self._conversations.now())
            await self._replies.cancel_all_in(owner, {conversation})

    async def delete_all(self, owner: str) -> None:
        """Remove all conversations of an owner for good, and stop all its replies, stored or not.

        It goes on if the client leaves. If it fails half-way, `purge` removes the rest.
        """
        await uncancelled(self._delete_all(owner))

    async def _delete_all(self, owner: str) -> None:
        async with self._alone(owner):
            deleted = frozenset(await self._conversations.delete_all(owner))
            for id_ in deleted:
                self._changes.announce(owner, id_)
            await self._replies.end_all_in(owner, deleted)
            await self._replies.end_ephemeral(owner)
            await self._conversations.purge(FOR_GOOD + 1)

    async def restore(self, owner: str, conversation: str) -> Listed:
        """Undo a deletion."""
        with self._changing(owner, conversation):
            restored = await self._conversations.restore(owner, conversation)
        return await self._listed(owner, restored)

    async def search(
        self, owner: str, query: str, limit: int, after: SearchCursor | None
    ) -> tuple[list[tuple[Listed, SearchMatch]], SearchCursor | None]:
        """See `SearchRepository.search`."""
        busy = await self._replies.busy(owner)
        matches, cursor = await self._search.search(owner, query, limit, after)
        listed = [Listed(match.conversation, match.conversation.id in busy) for match in matches]
        return list(zip(listed, matches, strict=True)), cursor

    async def share(self, owner: str, conversation: str) -> str:
        """Make or renew the link to a conversation, which shows its current branch; returns the token."""
        with self._changing(owner, conversation):
            return await self._shares.share(owner, conversation, now())

    async def unshare(self, owner: str, conversation: str) -> None:
        """Revoke the link; does nothing if there is none."""
        with self._changing(owner, conversation):
            await self._shares.unshare(owner, conversation)

    async def shared(self, token: str) -> Shared:
        """What a link shows to anyone, a running reply with its text so far."""
        shared = await self._shares.find(token)
        if shared is None:
            raise NotFoundError("There is nothing behind this link (any more).")
        messages = [(await self._replies.current(message))[0] for message in shared.messages]
        return replace(shared, messages=tuple(messages))

    async def export(self, owner: str, conversation: str) -> JsonObject:
        """A conversation in the form of an archive."""
        opened = await self.open(owner, conversation)
        return to_archive(opened.listed.conversation, opened.messages)

    async def export_all(self, owner: str) -> AsyncIterator[JsonObject]:
        """All conversations in the form of an archive, oldest first."""
        async for conversation, messages in self._conversations.read_all(owner):
            current = [(await self._replies.current(message))[0] for message in messages]
            yield to_archive(conversation, current)

    async def markdown(self, owner: str, id_: str) -> tuple[str, str]:
        """The title of a conversation, and its branch as Markdown."""
        opened = await self.open(owner, id_)
        conversation = opened.listed.conversation
        messages = {message.id: message for message in opened.messages}
        branch: list[Message] = []
        message_id = conversation.leaf
        while message_id is not None:
            branch.append(messages[message_id])
            message_id = branch[-1].parent
        return conversation.title, to_markdown(conversation, branch[::-1])

    async def insert(self, owner: str, archived: Iterable[Archived]) -> Imported:
        """See `ConversationRepository.insert`."""
        async with self._alone(owner):
            imported = await self._conversations.insert(owner, archived)
        for id_ in imported.ids:
            self._changes.announce(owner, id_)
        return imported

    async def listed(self, owner: str, ids: Sequence[str]) -> AsyncIterator[list[Listed]]:
        """The owner's conversations with these ids, in batches; deleted ones are left out."""
        async for batch in self._conversations.get_all(owner, ids):
            busy = await self._replies.busy(owner)
            yield [Listed(conversation, conversation.id in busy) for conversation in batch]

    async def changes(self, owner: str, idle: float) -> AsyncGenerator[tuple[str, ...], None]:
        """See `ChangeFeed.listen`."""
        async with aclosing(self._changes.listen(owner, idle)) as batches:
            async for conversations in batches:
                yield conversations

    def _alone(self, owner: str) -> asyncio.Lock:
        """What adds or deletes all of an owner's conversations takes turns."""
        return self._owners.setdefault(owner, asyncio.Lock())

    @contextmanager
    def _changing(self, owner: str, conversation: str) -> Iterator[None]:
        """Announce the change even if the client disconnects: the write may have committed."""
        try:
            yield
        finally:
            self._changes.announce(owner, conversation)

    async def _listed(self, owner: str, conversation: Conversation) -> Listed:
        return Listed(conversation, conversation.id in await self._replies.busy(owner))
