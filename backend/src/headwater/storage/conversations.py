"""Conversations and their messages, as rows. Every query names the owner and finds only what is theirs."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Select,
    Text,
    cast,
    delete,
    func,
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
    GenerationRecord,
    Message,
    UnknownConversationError,
    UnknownMessageError,
)
from headwater.ids import is_id
from headwater.storage.database import Database, uncancelled
from headwater.storage.erasure import overwrite_deleted
from headwater.storage.rows import (
    MESSAGE,
    change_own,
    conversation_of,
    conversation_row,
    message_of,
    message_row,
    own_conversations,
    read_branch,
    select_own,
)
from headwater.storage.tables import conversations, generations, messages


@dataclass(frozen=True, slots=True)
class ListCursor:
    """A position in the list of conversations: after the one that was updated last at this time."""

    updated_at: int
    seq: int


Archived: TypeAlias = tuple[Conversation, Sequence[Message]]
"""A conversation with all its messages, parents first."""

READ_BATCH = 100
"""Conversations that one transaction reads when all are exported."""

PARAMETERS = 500
"""The most ids in one statement."""

IMPORT_BATCH = 1000
"""About how many rows one transaction of an import adds."""

FOR_GOOD = 0
"""When conversations were deleted that nobody can restore: before all others, so `purge` takes them."""

PURGE_BATCH = 200
"""The most conversations that one transaction removes for good."""

REST_AFTER = 50
"""About how many rows of an import are parsed before other tasks run."""

ANALYZE_FROM = 1000
"""An import of at least this many messages refreshes the statistics of the database."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What an owner has: how many conversations and messages, their bytes, and when one was last updated."""

    owner: str
    conversations: int
    messages: int
    size: int
    last_used: int


@dataclass(frozen=True, slots=True)
class Imported:
    """The ids of the conversations that an import added, and how many were there already."""

    ids: Sequence[str]
    existing: int


class IdTakenError(Exception):
    """One of the chosen ids is taken, by something else or by an earlier start of the same reply."""


class ConversationRepository:
    """The rows of conversations and their messages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(
        self,
        generation: GenerationRecord,
        new: Sequence[Message],
        begins: Conversation | None = None,
        request: Mapping[str, bytes] | None = None,
    ) -> None:
        """Add a generation with its `new` messages; the last one is its reply, still empty, and the new leaf.

        `begins` is the conversation if it begins here. `request` has the digests of the request that chose
        the generation's id. Raises `UnknownConversationError` and `IdTakenError`, and adds nothing then.
        """
        owner, conversation = generation.owner, generation.conversation
        try:
            async with self._database.writing() as connection:
                if begins is not None:
                    await connection.execute(insert(conversations).values(conversation_row(begins, owner)))
                await change_own(
                    connection,
                    owner,
                    conversation,
                    leaf=generation.message,
                    updated_at=generation.created_at,
                )
                await connection.execute(
                    insert(messages), [message_row(message, conversation, owner) for message in new]
                )
                await connection.execute(
                    insert(generations).values(
                        id=generation.id,
                        message=generation.message,
                        client=owner,
                        request=None if request is None else msgspec.msgpack.encode(request),
                    )
                )
        except IntegrityError as error:
            raise IdTakenError from error

    async def insert(self, owner: str, archived: Iterable[Archived]) -> Imported:
        """Add the conversations that are not there, with all their messages, parents first; all or none.

        A large import does not block other writers: it adds rows in batches, marked as deleted, and then
        restores all of them in one transaction. If it is cut in between, the next attempt finds the rows of
        this one, and `purge` removes them if there is none.
        """
        new: list[str] = []
        existing = rows = 0
        async for batch in _batches(archived):
            ids = await uncancelled(self._insert_deleted(owner, batch))
            new += ids
            existing += len(batch) - len(ids)
            rows += sum(len(tree) for _, tree in batch)
        await uncancelled(self._restore_all(new, analyze=rows >= ANALYZE_FROM))
        return Imported(new, existing)

    async def _restore_all(self, ids: Sequence[str], *, analyze: bool) -> None:
        async with self._database.writing() as connection:
            await _mark(connection, ids, None)
            if analyze:
                await self._database.analyze(connection)

    async def _insert_deleted(self, owner: str, batch: Sequence[Archived]) -> Sequence[str]:
        """Add conversations, marked as deleted; returns the ids of new ones and of those with the mark."""
        ids = [conversation.id for conversation, _ in batch]
        known: dict[str, bool] = {}
        async with self._database.writing() as connection:
            for some in _batched(ids, PARAMETERS):
                # The query names only the ids, as in `own_conversations`.
                query = select(conversations.c.id, conversations.c.client, conversations.c.deleted_at)
                rows = await connection.execute(query.where(conversations.c.id.in_(some)).with_for_update())
                known |= {row.id: row.client == owner and row.deleted_at is not None for row in rows}
            marked = [id_ for id_ in ids if known.get(id_, False)]
            await _mark(connection, marked, now())  # again, so that `purge` does not remove them meanwhile
            new = [archived for archived in batch if archived[0].id not in known]
            if new:
                added = [conversation_row(each, owner) | {"deleted_at": now()} for each, _ in new]
                await connection.execute(insert(conversations), added)
            trees = [message_row(message, each.id, owner) for each, tree in new for message in tree]
            if trees:
                await connection.execute(insert(messages), trees)
        return [id_ for id_ in ids if known.get(id_, True)]

    async def ids(self, owner: str) -> list[str]:
        """The ids of all conversations of an owner, oldest first."""
        query = (
            select(conversations.c.id)
            .where(conversations.c.client == owner, conversations.c.deleted_at.is_(None))
            .order_by(conversations.c.created_at, conversations.c.seq)
        )
        async with self._database.reading() as connection:
            return list(await connection.scalars(query))

    async def get(self, owner: str, conversation: str) -> Conversation:
        """A conversation without its messages. Raises `UnknownConversationError`."""
        async with self._database.reading() as connection:
            return await _get(connection, owner, conversation)

    async def read(self, owner: str, conversation: str) -> tuple[Conversation, list[Message]]:
        """A conversation with all its messages, oldest first. Raises `UnknownConversationError`."""
        async with self._database.reading() as connection:
            own = await _get(connection, owner, conversation)
            rows = await connection.execute(_select_messages([conversation]))
            return own, [message_of(row) for row in rows]

    async def read_all(self, owner: str) -> AsyncIterator[tuple[Conversation, list[Message]]]:
        """All conversations of an owner, oldest first, each with all its messages.

        Every `READ_BATCH` of them are read in one transaction. Conversations that are deleted meanwhile are
        left out.
        """
        for ids in _batched(await self.ids(owner), READ_BATCH):
            async with self._database.reading() as connection:
                own = await own_conversations(connection, owner, ids)
                trees: dict[str, list[Message]] = {id_: [] for id_ in own}
                for row in await connection.execute(_select_messages(list(own))):
                    trees[row.conversation].append(message_of(row))
            for id_ in ids:
                if id_ in own:
                    yield own[id_], trees[id_]

    async def get_all(self, owner: str, ids: Sequence[str]) -> AsyncIterator[list[Conversation]]:
        """The owner's conversations with these ids, in batches; deleted ones are left out."""
        for some in _batched(ids, PARAMETERS):
            async with self._database.reading() as connection:
                own = await own_conversations(connection, owner, some)
            yield [own[id_] for id_ in some if id_ in own]

    async def branch(
        self, owner: str, conversation: str, leaf: str | None
    ) -> tuple[Conversation, tuple[Message, ...]]:
        """A conversation and its messages from the root to `leaf` (None: the newest), oldest first.

        Raises `UnknownConversationError` and `UnknownMessageError`.
        """
        async with self._database.reading() as connection:
            own = await _get(connection, owner, conversation)
            if leaf is None:
                newest = (
                    select(messages.c.id)
                    .where(messages.c.conversation == conversation)
                    .order_by(messages.c.seq.desc())
                    .limit(1)
                )
                leaf = await connection.scalar(newest)
            return own, await read_branch(connection, conversation, leaf)

    async def page(
        self,
        owner: str,
        *,
        archived: bool,
        pinned: bool | None,
        limit: int,
        after: ListCursor | None,
    ) -> tuple[list[Conversation], ListCursor | None]:
        """One page of an owner's conversations, newest first, and the cursor of the next page, if any."""
        query = (
            select_own(owner)
            .where(conversations.c.archived == archived)
            .order_by(conversations.c.updated_at.desc(), conversations.c.seq.desc())
            .limit(limit + 1)
        )
        if pinned is not None:
            query = query.where(conversations.c.pinned == pinned)
        if after is not None:
            position = tuple_(conversations.c.updated_at, conversations.c.seq)
            query = query.where(position < tuple_(literal(after.updated_at), literal(after.seq)))
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        more = len(rows) > limit
        rows = rows[:limit]
        return (
            [conversation_of(row) for row in rows],
            ListCursor(rows[-1].updated_at, rows[-1].seq) if more else None,
        )

    async def change(self, owner: str, conversation: str, columns: Mapping[str, Any]) -> Conversation:
        """Set columns; a `leaf` moves on to the newest of its descendants.

        Raises `UnknownConversationError` and `UnknownMessageError`.
        """
        async with self._database.writing() as connection:
            await _get(connection, owner, conversation)
            values = dict(columns)
            if "leaf" in values:
                values["leaf"] = await _newest_descendant(connection, conversation, values["leaf"])
            if values:
                await change_own(connection, owner, conversation, **values)
            return await _get(connection, owner, conversation)

    async def delete(self, owner: str, conversation: str, deleted_at: int) -> None:
        """Mark as deleted, until `restore` or `purge`. Raises `UnknownConversationError`."""
        async with self._database.writing() as connection:
            await change_own(connection, owner, conversation, deleted_at=deleted_at)

    async def restore(self, owner: str, conversation: str) -> Conversation:
        """Undo a deletion; does nothing if there was none. Raises `UnknownConversationError`."""
        if not is_id(conversation):
            raise UnknownConversationError(conversation)
        async with self._database.writing() as connection:
            await connection.execute(
                update(conversations)
                .where(
                    conversations.c.id == conversation,
                    conversations.c.client == owner,
                    conversations.c.deleted_at > FOR_GOOD,
                )
                .values(deleted_at=None, version=conversations.c.version + 1)
            )
            return await _get(connection, owner, conversation)

    async def purge(self, before: int) -> int:
        """Remove for good what was deleted before this time; returns the number of conversations."""
        purged = 0
        while count := await self._purge_some(conversations.c.deleted_at < before):
            purged += count
        if purged:
            await overwrite_deleted(self._database)
        return purged

    async def _purge_some(self, is_due: ColumnElement[bool]) -> int:
        async with self._database.writing() as connection:
            due = select(conversations.c.id).where(is_due)
            ids = (await connection.scalars(due.limit(PURGE_BATCH))).all()
            if not ids:
                return 0
            # Replies that are being closed lock their rows in this order.
            replies = select(generations.c.id).join(messages, messages.c.id == generations.c.message)
            await connection.execute(replies.where(messages.c.conversation.in_(ids)).with_for_update())
            due = due.where(conversations.c.id.in_(ids)).with_for_update()
            ids = (await connection.scalars(due)).all()
            # SQLite cascades from parent to child, but only about a thousand levels deep: unlink them first.
            unlink = update(messages).where(messages.c.conversation.in_(ids)).values(parent=None)
            await connection.execute(unlink)
            await connection.execute(delete(conversations).where(conversations.c.id.in_(ids)))
            return len(ids)

    async def delete_all(self, owner: str) -> Sequence[str]:
        """Delete all of an owner's conversations for good; `purge` removes them. Returns their ids."""
        own = update(conversations).where(conversations.c.client == owner).values(deleted_at=FOR_GOOD)
        async with self._database.writing() as connection:
            return (await connection.scalars(own.returning(conversations.c.id))).all()

    async def expire(self, before: int) -> Sequence[tuple[str, str]]:
        """Delete for good what was last updated before this time; returns owners and ids."""
        is_due = (conversations.c.updated_at < before) & conversations.c.deleted_at.is_(None)
        async with self._database.reading() as connection:  # a scan, which should not block writers
            if await connection.scalar(select(conversations.c.id).where(is_due).limit(1)) is None:
                return ()
        change = update(conversations).where(is_due).values(deleted_at=FOR_GOOD)
        async with self._database.writing() as connection:
            rows = await connection.execute(change.returning(conversations.c.client, conversations.c.id))
            return [(row.client, row.id) for row in rows]

    async def usage(self) -> list[Usage]:
        """What each owner has, who used it last first; with what was deleted and can be restored."""
        messages_of = (
            select(messages.c.client, func.count().label("count"), func.sum(self._size()).label("size"))
            .group_by(messages.c.client)
            .subquery()
        )
        last_used = func.max(conversations.c.updated_at)
        query = (
            select(
                conversations.c.client,
                func.count(),
                func.coalesce(func.max(messages_of.c.count), 0),
                func.coalesce(func.max(messages_of.c.size), 0),
                last_used,
            )
            .outerjoin(messages_of, messages_of.c.client == conversations.c.client)
            .group_by(conversations.c.client)
            .order_by(last_used.desc())
        )
        async with self._database.reading() as connection:
            return [Usage(*row) for row in await connection.execute(query)]

    def _size(self) -> ColumnElement[int]:
        """The bytes of a message's text and parts."""
        columns = (messages.c.text, cast(messages.c.parts, Text))
        if self._database.is_sqlite:  # before 3.43 without `octet_length`
            sizes = [func.length(cast(column, LargeBinary)) for column in columns]
        else:
            sizes = [func.octet_length(column) for column in columns]
        return sizes[0] + func.coalesce(sizes[1], 0)


async def _get(connection: AsyncConnection, owner: str, conversation: str) -> Conversation:
    if not is_id(conversation):
        raise UnknownConversationError(conversation)
    query = select_own(owner).where(conversations.c.id == conversation)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise UnknownConversationError(conversation)
    return conversation_of(row)


async def _newest_descendant(connection: AsyncConnection, conversation: str, start: str) -> str:
    query = select(messages.c.id, messages.c.parent).where(messages.c.conversation == conversation)
    parents = {row.id: row.parent for row in await connection.execute(query.order_by(messages.c.seq))}
    if start not in parents:
        raise UnknownMessageError(start)
    newest = start
    subtree = {start}
    for child, parent in parents.items():
        if parent in subtree:
            subtree.add(child)
            newest = child
    return newest


def _select_messages(ids: Sequence[str]) -> Select[Any]:
    """The query for all messages of these conversations, oldest first."""
    return (
        select(*MESSAGE)
        .outerjoin(generations, generations.c.message == messages.c.id)
        .where(messages.c.conversation.in_(ids))
        .order_by(messages.c.seq)
    )


async def _mark(connection: AsyncConnection, ids: Sequence[str], deleted_at: int | None) -> None:
    """Mark conversations as deleted, or not."""
    for some in _batched(ids, PARAMETERS):
        change = update(conversations).where(conversations.c.id.in_(some))
        await connection.execute(change.values(deleted_at=deleted_at))


async def _batches(archived: Iterable[Archived]) -> AsyncIterator[list[Archived]]:
    """Conversations in batches of about `IMPORT_BATCH` rows; others work on while they are parsed."""
    batch: list[Archived] = []
    rows = rested = 0
    for conversation, tree in archived:
        batch.append((conversation, tree))
        rows += 1 + len(tree)
        if rows >= IMPORT_BATCH:
            yield batch
            batch, rows, rested = [], 0, 0
        elif rows - rested >= REST_AFTER:
            await asyncio.sleep(0)
            rested = rows
    if batch:
        yield batch


def _batched(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """As `itertools.batched` of Python 3.12."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
