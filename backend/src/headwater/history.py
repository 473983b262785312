"""The use cases of kept conversations: list, open, change, delete, search, share, export and import."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from headwater.clock import now
from headwater.conversations.archive import to_archive, to_markdown
from headwater.conversations.model import (
    Conversation,
    Message,
    UnknownConversationError,
    UnknownMessageError,
)
from headwater.errors import ConflictError, NotFoundError
from headwater.generation.codec import JsonObject
from headwater.live.ports import ChangeFeed
from headwater.replies.service import Replies
from headwater.storage.conversations import ConversationRepository, ListCursor, batched
from headwater.storage.search import Found, SearchCursor, SearchRepository
from headwater.storage.shares import Shared, ShareRepository

logger = logging.getLogger(__name__)

UNDO_SECONDS = 600
"""How long a deletion can be taken back."""

PURGE_EVERY = 60.0
"""Seconds from one removal of what was deleted to the next."""


EXPORT_BATCH = 100
"""Conversations that are read at once when all are exported."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation, and whether a reply ran in it just before: where none did, all its rows are written."""

    conversation: Conversation
    running: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation with its messages as they are now; `cursors`: the logs' ends of those that run."""

    listed: Listed
    messages: Sequence[Message]
    cursors: Mapping[str, int]


class History:
    """What a client has said and heard. All of it raises `NotFoundError` for what is not the client's."""

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

    async def purge(self) -> None:
        """Remove for good what was deleted long enough ago, again and again, until cancelled."""
        while True:
            try:
                await self._conversations.purge(now() - UNDO_SECONDS * 1000)
            except (SQLAlchemyError, OSError):
                logger.exception("what was deleted could not be removed; it is tried again")
            await asyncio.sleep(PURGE_EVERY)

    async def page(
        self, client: str, *, archived: bool, pinned: bool | None, limit: int, after: ListCursor | None
    ) -> tuple[list[Listed], ListCursor | None]:
        """Some conversations, newest first, and where the next ones begin."""
        busy = self._replies.busy()
        found, cursor = await self._conversations.page(
            client, archived=archived, pinned=pinned, limit=limit, after=after
        )
        return [Listed(conversation, conversation.id in busy) for conversation in found], cursor

    async def open(self, client: str, conversation: str) -> Opened:
        """A conversation with its messages; those of running replies as far as they have come."""
        running = conversation in self._replies.busy()
        try:
            found, messages = await self._conversations.read(client, conversation)
        except UnknownConversationError:
            raise _unknown(conversation) from None
        cursors = {}
        for place, message in enumerate(messages):
            if message.generation is not None and message.outcome is None:
                messages[place], cursors[message.id] = await self._replies.current(message)
        return Opened(Listed(found, running), messages, cursors)

    async def change(self, client: str, conversation: str, columns: Mapping[str, Any]) -> Listed:
        """Set what `columns` names; a title that a person wrote is never made anew."""
        if "title" in columns:
            columns = {**columns, "titled": True}
        with self._changing(client, conversation):
            try:
                changed = await self._conversations.change(client, conversation, columns)
            except UnknownMessageError as error:
                raise NotFoundError(
                    f"The conversation has no message {str(error)!r}.", field="leaf"
                ) from None
        return self._listed(changed)

    async def delete(self, client: str, conversation: str) -> None:
        """Delete a conversation, and stop its replies; `restore` takes it back for `UNDO_SECONDS`."""
        with self._changing(client, conversation):
            await self._conversations.delete(client, conversation, now())
            await self._replies.cancel_all_in(conversation)

    async def restore(self, client: str, conversation: str) -> Listed:
        """Take a deletion back."""
        with self._changing(client, conversation):
            restored = await self._conversations.restore(client, conversation)
        return self._listed(restored)

    async def search(
        self, client: str, question: str, limit: int, after: SearchCursor | None
    ) -> tuple[list[tuple[Listed, Found]], SearchCursor | None]:
        """See `SearchRepository.search`."""
        busy = self._replies.busy()
        found, cursor = await self._search.search(client, question, limit, after)
        return [(Listed(each.conversation, each.conversation.id in busy), each) for each in found], cursor

    async def share(self, client: str, conversation: str) -> str:
        """The token of the link to a conversation, which now shows its branch as it is."""
        with self._changing(client, conversation):
            try:
                return await self._shares.share(client, conversation, now())
            except UnknownMessageError:
                raise ConflictError("The conversation has no messages that a link could show.") from None

    async def unshare(self, client: str, conversation: str) -> None:
        """Take the link back; harmless where there is none."""
        with self._changing(client, conversation):
            await self._shares.unshare(client, conversation)

    async def shared(self, token: str) -> Shared:
        """What a link shows, to anyone; a reply that still runs as far as it has come."""
        shared = await self._shares.find(token)
        if shared is None:
            raise NotFoundError("There is nothing behind this link (any more).")
        messages = [(await self._replies.current(message))[0] for message in shared.messages]
        return replace(shared, messages=tuple(messages))

    async def export(self, client: str, conversation: str) -> JsonObject:
        """A conversation as it can be taken elsewhere."""
        opened = await self.open(client, conversation)
        return to_archive(opened.listed.conversation, opened.messages)

    async def export_all(self, client: str) -> AsyncIterator[JsonObject]:
        """All conversations, the first to have been made first."""
        for names in batched(await self._conversations.ids(client), EXPORT_BATCH):
            for conversation, messages in await self._conversations.read_many(client, names):
                current = [(await self._replies.current(message))[0] for message in messages]
                yield to_archive(conversation, current)

    async def markdown(self, client: str, conversation: str) -> tuple[str, str]:
        """The title of a conversation, and its branch for people to read."""
        opened = await self.open(client, conversation)
        found = opened.listed.conversation
        messages = {message.id: message for message in opened.messages}
        branch: list[Message] = []
        place = found.leaf
        while place is not None:
            branch.append(messages[place])
            place = branch[-1].parent
        return found.title, to_markdown(found, branch[::-1])

    async def insert(
        self, client: str, archived: Sequence[tuple[Conversation, Sequence[Message]]]
    ) -> list[Listed]:
        """Add conversations with all their messages, all of them or none."""
        await self._conversations.insert(client, archived)
        for conversation, _ in archived:
            self._changes.announce(client, conversation.id)
        return [Listed(conversation, False) for conversation, _ in archived]

    async def changes(self, client: str, idle: float) -> AsyncGenerator[tuple[str, ...], None]:
        """See `Changes.listen`."""
        async with aclosing(self._changes.listen(client, idle)) as told:
            async for conversations in told:
                yield conversations

    @contextmanager
    def _changing(self, client: str, conversation: str) -> Iterator[None]:
        """Tell of what changes, also where its client leaves before the answer: it may have been done."""
        try:
            yield
        except UnknownConversationError:
            raise _unknown(conversation) from None
        finally:
            self._changes.announce(client, conversation)

    def _listed(self, conversation: Conversation) -> Listed:
        return Listed(conversation, conversation.id in self._replies.busy())


def _unknown(conversation: str) -> NotFoundError:
    return NotFoundError(f"There is no conversation {conversation!r} (any more).")
