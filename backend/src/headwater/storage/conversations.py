"""Conversations and their messages, as rows. Every question names the client, and finds only its own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    delete,
    insert,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from headwater.clock import now
from headwater.conversations.model import (
    Conversation,
    Message,
    Settings,
    UnknownConversationError,
    UnknownMessageError,
)
from headwater.ids import is_id
from headwater.storage.database import Database
from headwater.storage.rows import (
    MESSAGE,
    branch,
    conversation,
    message,
    message_row,
    new_conversation,
    own,
    own_conversations,
)
from headwater.storage.tables import BoundedInteger, conversations, generations, messages


@dataclass(frozen=True, slots=True)
class ListCursor:
    """A place in a list of conversations: behind the one that was last updated then."""

    updated_at: BoundedInteger
    seq: BoundedInteger


PARAMETERS = 500
"""Ids that one statement is asked about at once."""

IMPORT_BATCH = 1000
"""Messages, about, that one transaction of an import adds."""

MANY = 1000
"""Messages after whose import the database counts anew what it has."""


class IdTakenError(Exception):
    """One of the ids that a reply was to begin with belongs to something else, or to the same reply."""


@dataclass(frozen=True, slots=True)
class NewReply:
    """A reply that begins: its message is empty until its generation is closed."""

    message: Message
    generation: str


class ConversationRepository:
    """Where conversations are kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(
        self,
        client: str,
        conversation: str,
        reply: NewReply,
        asked: Sequence[Message],
        new: tuple[str, Settings] | None,
    ) -> None:
        """Add a reply that begins, after the messages before it that are new too; it becomes the leaf.

        `new` has title and settings of a conversation that begins with it. Raises
        `UnknownConversationError` and `IdTakenError`; nothing is added then.
        """
        try:
            async with self._database.writing() as connection:
                now = reply.message.created_at
                if new is not None:
                    title, settings = new
                    row = new_conversation(conversation, client, title, now, settings)
                    await connection.execute(insert(conversations).values(row))
                changed = await self._touch(
                    connection, client, conversation, {"leaf": reply.message.id, "updated_at": now}
                )
                if not changed:
                    raise UnknownConversationError(conversation)
                await connection.execute(
                    insert(messages),
                    [message_row(message, conversation, client) for message in (*asked, reply.message)],
                )
                await connection.execute(
                    insert(generations).values(id=reply.generation, message=reply.message.id, client=client)
                )
        except IntegrityError as error:
            raise IdTakenError from error

    async def insert(self, client: str, whole: Sequence[tuple[Conversation, Sequence[Message]]]) -> None:
        """Add conversations with all their messages, parents first; all of them or none.

        Nobody else has to wait until that is done: they are added as if they were deleted, some at a time,
        and then restored together. What a crash leaves is purged as the deleted are.
        """
        for part in _parts(whole):
            await self._insert_hidden(client, part)
        async with self._database.writing() as connection:
            for names in batched([conversation.id for conversation, _ in whole], PARAMETERS):
                shown = update(conversations).where(conversations.c.id.in_(names))
                await connection.execute(shown.values(deleted_at=None))
            if sum(len(said) for _, said in whole) >= MANY:
                await self._database.count_anew(connection)

    async def _insert_hidden(
        self, client: str, whole: Iterable[tuple[Conversation, Sequence[Message]]]
    ) -> None:
        async with self._database.writing() as connection:
            for conversation, said in whole:
                row = new_conversation(
                    conversation.id,
                    client,
                    conversation.title,
                    conversation.created_at,
                    conversation.settings,
                )
                row |= {
                    "titled": conversation.titled,
                    "updated_at": conversation.updated_at,
                    "pinned": conversation.pinned,
                    "archived": conversation.archived,
                    "leaf": conversation.leaf,
                    "deleted_at": now(),
                }
                await connection.execute(insert(conversations).values(row))
                if said:
                    rows = [message_row(message, conversation.id, client) for message in said]
                    await connection.execute(insert(messages), rows)

    async def ids(self, client: str) -> list[str]:
        """All conversations of a client, the first to have been made first."""
        query = (
            select(conversations.c.id)
            .where(conversations.c.client == client, conversations.c.deleted_at.is_(None))
            .order_by(conversations.c.created_at, conversations.c.seq)
        )
        async with self._database.reading() as connection:
            return list(await connection.scalars(query))

    async def get(self, client: str, conversation: str) -> Conversation:
        """A conversation without its messages. Raises `UnknownConversationError`."""
        async with self._database.reading() as connection:
            return await self._get(connection, client, conversation)

    async def read(self, client: str, conversation: str) -> tuple[Conversation, list[Message]]:
        """A conversation with all its messages, oldest first. Raises `UnknownConversationError`."""
        async with self._database.reading() as connection:
            found = await self._get(connection, client, conversation)
            query = (
                select(*MESSAGE)
                .outerjoin(generations, generations.c.message == messages.c.id)
                .where(messages.c.conversation == conversation)
                .order_by(messages.c.seq)
            )
            return found, [message(row) for row in await connection.execute(query)]

    async def read_many(self, client: str, names: Sequence[str]) -> list[tuple[Conversation, list[Message]]]:
        """Those of these conversations that there are, in this order, with all messages, oldest first."""
        query: Select[Any] = (
            select(*MESSAGE)
            .outerjoin(generations, generations.c.message == messages.c.id)
            .where(messages.c.conversation.in_(names))
            .order_by(messages.c.seq)
        )
        async with self._database.reading() as connection:
            found = await own_conversations(connection, client, names)
            said: dict[str, list[Message]] = {name: [] for name in found}
            for row in await connection.execute(query):
                if row.conversation in said:
                    said[row.conversation].append(message(row))
        return [(found[name], said[name]) for name in names if name in found]

    async def branch(
        self, client: str, conversation: str, leaf: str | None
    ) -> tuple[Conversation, tuple[Message, ...]]:
        """A conversation and its messages from the root to `leaf` (None: the newest), oldest first.

        Raises `UnknownConversationError` and `UnknownMessageError`.
        """
        async with self._database.reading() as connection:
            found = await self._get(connection, client, conversation)
            if leaf is None:
                newest = (
                    select(messages.c.id)
                    .where(messages.c.conversation == conversation)
                    .order_by(messages.c.seq.desc())
                    .limit(1)
                )
                leaf = await connection.scalar(newest)
            return found, await branch(connection, conversation, leaf)

    async def page(
        self,
        client: str,
        *,
        archived: bool,
        pinned: bool | None,
        limit: int,
        after: ListCursor | None,
    ) -> tuple[list[Conversation], ListCursor | None]:
        """Some of a client's conversations, newest first, and where the next ones begin (None: no more)."""
        query = (
            own(client)
            .where(conversations.c.archived == archived)
            .order_by(conversations.c.updated_at.desc(), conversations.c.seq.desc())
            .limit(limit + 1)
        )
        if pinned is not None:
            query = query.where(conversations.c.pinned == pinned)
        if after is not None:
            place = tuple_(conversations.c.updated_at, conversations.c.seq)
            query = query.where(place < tuple_(literal(after.updated_at), literal(after.seq)))
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        more = len(rows) > limit
        rows = rows[:limit]
        return (
            [conversation(row) for row in rows],
            ListCursor(rows[-1].updated_at, rows[-1].seq) if more else None,
        )

    async def change(self, client: str, conversation: str, columns: Mapping[str, Any]) -> Conversation:
        """Set columns; a `leaf` moves on to the newest message behind it.

        Raises `UnknownConversationError` and `UnknownMessageError`.
        """
        async with self._database.writing() as connection:
            await self._get(connection, client, conversation)
            values = dict(columns)
            if "leaf" in values:
                values["leaf"] = await self._newest_behind(connection, conversation, values["leaf"])
            if values:
                await self._touch(connection, client, conversation, values)
            return await self._get(connection, client, conversation)

    async def delete(self, client: str, conversation: str, now: int) -> None:
        """Delete, until `restore` or `purge`. Raises `UnknownConversationError`."""
        async with self._database.writing() as connection:
            if not await self._touch(connection, client, conversation, {"deleted_at": now}):
                raise UnknownConversationError(conversation)

    async def restore(self, client: str, conversation: str) -> Conversation:
        """Take a deletion back; harmless where there was none. Raises `UnknownConversationError`."""
        async with self._database.writing() as connection:
            _require_id(conversation)
            await connection.execute(
                update(conversations)
                .where(
                    conversations.c.id == conversation,
                    conversations.c.client == client,
                    conversations.c.deleted_at.is_not(None),
                )
                .values(deleted_at=None, version=conversations.c.version + 1)
            )
            return await self._get(connection, client, conversation)

    async def purge(self, before: int) -> int:
        """Remove for good what was deleted before a time; returns how many conversations that were."""
        gone = 0
        while await self._purge_one(before):
            gone += 1
        return gone

    async def _purge_one(self, before: int) -> bool:
        async with self._database.writing() as connection:
            query = select(conversations.c.id).where(conversations.c.deleted_at < before).limit(1)
            name = await connection.scalar(query.with_for_update())
            if name is None:
                return False
            # From parent to child SQLite would go down a branch, and no deeper than a thousand messages.
            apart = update(messages).where(messages.c.conversation == name).values(parent=None)
            await connection.execute(apart)
            await connection.execute(delete(conversations).where(conversations.c.id == name))
            return True

    async def _get(self, connection: AsyncConnection, client: str, name: str) -> Conversation:
        _require_id(name)
        query = own(client).where(conversations.c.id == name)
        row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise UnknownConversationError(name)
        return conversation(row)

    async def _touch(
        self, connection: AsyncConnection, client: str, name: str, values: Mapping[str, Any]
    ) -> bool:
        _require_id(name)
        touched = await connection.execute(
            update(conversations)
            .where(*_own(client, name))
            .values(**values, version=conversations.c.version + 1)
        )
        return touched.rowcount == 1

    async def _newest_behind(self, connection: AsyncConnection, name: str, start: str) -> str:
        query = select(messages.c.id, messages.c.parent).where(messages.c.conversation == name)
        parents = {row.id: row.parent for row in await connection.execute(query.order_by(messages.c.seq))}
        if start not in parents:
            raise UnknownMessageError(start)
        newest = start
        behind = {start}
        for child, parent in parents.items():
            if parent in behind:
                behind.add(child)
                newest = child
        return newest


def _parts(
    whole: Sequence[tuple[Conversation, Sequence[Message]]],
) -> Iterator[list[tuple[Conversation, Sequence[Message]]]]:
    part: list[tuple[Conversation, Sequence[Message]]] = []
    size = 0
    for each in whole:
        part.append(each)
        size += 1 + len(each[1])
        if size >= IMPORT_BATCH:
            yield part
            part, size = [], 0
    if part:
        yield part


def batched(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Names, so many at a time."""
    for start in range(0, len(names), size):
        yield names[start : start + size]


def _own(client: str, name: str) -> tuple[ColumnElement[bool], ...]:
    return (
        conversations.c.id == name,
        conversations.c.client == client,
        conversations.c.deleted_at.is_(None),
    )


def _require_id(name: str) -> None:
    """A name that cannot be one is not asked for: PostgreSQL refuses some characters altogether."""
    if not is_id(name):
        raise UnknownConversationError(name)
