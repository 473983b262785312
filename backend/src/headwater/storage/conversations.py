"""Conversations and their messages, as rows. Every query names the owner and finds only what is theirs."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    Text,
    Update,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal,
    select,
    text,
    true,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError

from headwater.conversations.model import (
    Conversation,
    GenerationRecord,
    Message,
    UnknownConversationError,
    UnknownMessageError,
)
from headwater.ids import is_id
from headwater.storage.database import Database
from headwater.storage.erasure import FOR_GOOD, in_turn, remove_marked
from headwater.storage.recognition import READ_BATCH, Archived, Recognition
from headwater.storage.reply_start import add_start, start_rows
from headwater.storage.rows import (
    MESSAGE,
    MESSAGES,
    change_own,
    conversation_of,
    conversation_row,
    message_of,
    message_row,
    own_conversations,
    path_to,
    read_trees,
    select_own,
)
from headwater.storage.tables import conversations, generations, messages
from headwater.storage.uncancelled import uncancelled


@dataclass(frozen=True, slots=True)
class ListCursor:
    """A position in the list of conversations: after the one that was updated last at this time."""

    updated_at: int
    seq: int


_OWN = select_own(bindparam("owner")).where(conversations.c.id == bindparam("conversation"))
_newest = messages.alias("newest")
_NEWEST = (
    select(_newest.c.id)
    .where(_newest.c.conversation == bindparam("conversation"))
    .order_by(_newest.c.seq.desc())
    .limit(1)
    .scalar_subquery()
)
_PATH = path_to(
    messages.c.conversation == bindparam("conversation"),
    messages.c.id == func.coalesce(bindparam("leaf", type_=Text), _NEWEST),
)
_own = _OWN.subquery("own")
_BRANCH: Select[Any] = (
    select(
        *[column.label(f"own_{column.name}") for column in _own.c if column is not _own.c.system],
        # It may be long, so only the first row has it.
        case((messages.c.parent.is_(None), _own.c.system)).label("own_system"),
        *MESSAGE,
    )
    .select_from(_own)
    .outerjoin(_PATH, true())
    .outerjoin(messages, messages.c.id == _PATH.c.id)
    .outerjoin(generations, generations.c.message == messages.c.id)
    .order_by(messages.c.seq)
)
"""A conversation, repeated beside each message of a branch; one row without a message if there is none."""

_LOCK_IMPORTS = text("SELECT pg_advisory_xact_lock(hashtextextended(:owner, 0))")
"""Two servers may import the same conversations at once; who comes second finds the rows of the first."""

PARAMETERS = 500
"""The most ids in one statement."""

IMPORT_BATCH = 250
"""About how many rows one transaction of an import adds; others wait for it."""

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
        if not is_id(generation.conversation):
            raise UnknownConversationError(generation.conversation)
        try:
            await add_start(self._database, start_rows(generation, new, begins, request))
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
        own = Recognition(self._database, owner)
        await own.read()
        async for batch in _batches(archived):
            ids = await uncancelled(self._insert_deleted(owner, await own.without_known(batch)))
            new += ids
            existing += len(batch) - len(ids)
            rows += sum(len(tree) for _, tree in batch)
        await uncancelled(self._restore_all(new, analyze=rows >= ANALYZE_FROM))
        return Imported(new, existing)

    async def _restore_all(self, ids: Sequence[str], *, analyze: bool) -> None:
        def work(connection: Connection) -> None:
            _mark(connection, ids, None)
            if analyze:
                self._database.analyze(connection)

        await self._database.write(work, long=True)

    async def _insert_deleted(self, owner: str, batch: Sequence[Archived]) -> Sequence[str]:
        """Add conversations, marked as deleted; returns the ids of new ones and of those with the mark."""
        ids = [conversation.id for conversation, _ in batch]
        now = await self._database.now()

        def work(connection: Connection) -> Sequence[str] | None:
            if not self._database.is_sqlite:
                connection.execute(_LOCK_IMPORTS, {"owner": owner})
            known: dict[str, bool] = {}
            for some in _batched(ids, PARAMETERS):
                # The query names only the ids, as in `own_conversations`.
                query = select(conversations.c.id, conversations.c.client, conversations.c.deleted_at)
                query = query.where(conversations.c.id.in_(some)).with_for_update()
                for row in connection.execute(query):
                    if row.deleted_at == FOR_GOOD:
                        return None
                    known[row.id] = row.client == owner and row.deleted_at is not None
            marked = [id_ for id_ in ids if known.get(id_, False)]
            _mark(connection, marked, now)  # again, so that `purge` does not remove them meanwhile
            new = [archived for archived in batch if archived[0].id not in known]
            if new:
                added = [conversation_row(each, owner) | {"deleted_at": now} for each, _ in new]
                connection.execute(insert(conversations), added)
            trees = [message_row(message, each.id, owner) for each, tree in new for message in tree]
            if trees:
                connection.execute(insert(messages), trees)
            return [id_ for id_ in ids if known.get(id_, True)]

        while (added := await self._database.write(work, long=True)) is None:
            await remove_marked(self._database)  # what is half removed must not come back
        return added

    async def ids(self, owner: str) -> list[str]:
        """The ids of all conversations of an owner, oldest first."""
        query = (
            select(conversations.c.id)
            .where(conversations.c.client == owner, conversations.c.deleted_at.is_(None))
            .order_by(conversations.c.created_at, conversations.c.seq)
        )
        return await self._database.read(lambda connection: list(connection.scalars(query)), long=True)

    async def get(self, owner: str, conversation: str) -> Conversation:
        """A conversation without its messages. Raises `UnknownConversationError`."""
        return await self._database.read(
            lambda connection: _get(connection, owner, conversation), single=True
        )

    async def read(self, owner: str, conversation: str) -> tuple[Conversation, list[Message]]:
        """A conversation with all its messages, oldest first. Raises `UnknownConversationError`."""

        def work(connection: Connection) -> tuple[Conversation, list[Message]]:
            own = _get(connection, owner, conversation)
            rows = connection.execute(MESSAGES, {"conversations": [conversation]})
            return own, [message_of(row) for row in rows]

        return await self._database.read(work)

    async def read_all(self, owner: str) -> AsyncIterator[tuple[Conversation, list[Message]]]:
        """All conversations of an owner, oldest first, each with all its messages.

        Every `READ_BATCH` of them are read in one transaction. Conversations that are deleted meanwhile are
        left out.
        """
        for ids in _batched(await self.ids(owner), READ_BATCH):
            own, trees = await self._database.read(partial(read_trees, owner=owner, ids=ids), long=True)
            for id_ in ids:
                if id_ in own:
                    yield own[id_], trees[id_]

    async def get_all(self, owner: str, ids: Sequence[str]) -> AsyncIterator[list[Conversation]]:
        """The owner's conversations with these ids, in batches; deleted ones are left out."""
        for some in _batched(ids, PARAMETERS):
            own = await self._database.read(partial(own_conversations, owner=owner, ids=some))
            yield [own[id_] for id_ in some if id_ in own]

    async def branch(
        self, owner: str, conversation: str, leaf: str | None
    ) -> tuple[Conversation, tuple[Message, ...]]:
        """A conversation and its messages from the root to `leaf` (None: the newest), oldest first.

        Raises `UnknownConversationError` and `UnknownMessageError`.
        """
        if not is_id(conversation):
            raise UnknownConversationError(conversation)
        end = leaf if leaf is None or is_id(leaf) else ""  # which no message has
        names = {"owner": owner, "conversation": conversation, "leaf": end}
        rows = await self._database.read(
            lambda connection: connection.execute(_BRANCH, names).all(), single=True
        )
        if not rows:
            raise UnknownConversationError(conversation)
        if rows[0].id is None and leaf is not None:
            raise UnknownMessageError(leaf)
        branch = tuple(message_of(row) for row in rows if row.id is not None)
        return conversation_of(rows[0], "own_"), branch

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
        rows = await self._database.read(lambda connection: connection.execute(query).all(), single=True)
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

        def work(connection: Connection) -> Conversation:
            _get(connection, owner, conversation)
            values = dict(columns)
            if "leaf" in values:
                values["leaf"] = _newest_descendant(connection, conversation, values["leaf"])
            if values:
                change_own(connection, owner, conversation, **values)
            return _get(connection, owner, conversation)

        return await self._database.write(work)

    async def delete(self, owner: str, conversation: str, deleted_at: int) -> None:
        """Mark as deleted, until `restore` or `purge`. Raises `UnknownConversationError`."""
        await self._database.write(
            partial(change_own, owner=owner, conversation=conversation, deleted_at=deleted_at)
        )

    async def restore(self, owner: str, conversation: str) -> Conversation:
        """Undo a deletion; does nothing if there was none. Raises `UnknownConversationError`."""
        if not is_id(conversation):
            raise UnknownConversationError(conversation)

        def work(connection: Connection) -> Conversation:
            connection.execute(
                update(conversations)
                .where(
                    conversations.c.id == conversation,
                    conversations.c.client == owner,
                    conversations.c.deleted_at > FOR_GOOD,
                )
                .values(deleted_at=None, version=conversations.c.version + 1)
            )
            return _get(connection, owner, conversation)

        return await self._database.write(work)

    async def now(self) -> int:
        """See `Database.now`."""
        return await self._database.now()

    @property
    def are_ours_to_purge(self) -> bool:
        """Whether this server removes for good what all have deleted."""
        return self._database.is_first

    async def purge(self, before: int) -> int:
        """Remove for good what was deleted before this time; returns the number of conversations."""
        due = conversations.c.deleted_at < before
        async for _ in self._delete_for_good(due & (conversations.c.deleted_at > FOR_GOOD), due):
            pass
        return await remove_marked(self._database)

    async def delete_all(self, owner: str) -> Sequence[str]:
        """Delete all of an owner's conversations for good; `purge` removes them. Returns their ids."""
        change = update(conversations).where(conversations.c.client == owner)
        return [id_ for _, id_ in await self._database.write(partial(_deleted, change=change), long=True)]

    def expire(self, before: int) -> AsyncIterator[Sequence[tuple[str, str]]]:
        """Delete for good what was last updated before this time; yields owners and ids as they go."""
        is_old = conversations.c.updated_at < before
        return self._delete_for_good(is_old & conversations.c.deleted_at.is_(None), is_old)

    async def _delete_for_good(
        self, due: ColumnElement[bool], still_due: ColumnElement[bool]
    ) -> AsyncIterator[Sequence[tuple[str, str]]]:
        """Delete what is due, in short transactions; yields the owners and ids of each.

        `still_due` is asked of each id again when it is changed. It should use no indexed column, or the
        database may scan that index instead of looking up the ids.
        """
        query = select(conversations.c.id).where(due)
        # Perhaps a scan, which should not block writers.
        ids = await self._database.read(lambda connection: connection.scalars(query).all(), long=True)
        for some in _batched(ids, PARAMETERS):
            change = update(conversations).where(conversations.c.id.in_(some), still_due)
            yield await in_turn(self._database, partial(_deleted, change=change))

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
        rows = await self._database.read(lambda connection: connection.execute(query).all(), long=True)
        return [Usage(*row) for row in rows]

    def _size(self) -> ColumnElement[int]:
        """The bytes of a message's text and parts."""
        columns = (messages.c.text, cast(messages.c.parts, Text))
        if self._database.is_sqlite:  # before 3.43 without `octet_length`
            sizes = [func.length(cast(column, LargeBinary)) for column in columns]
        else:
            sizes = [func.octet_length(column) for column in columns]
        return sizes[0] + func.coalesce(sizes[1], 0)


def _get(connection: Connection, owner: str, conversation: str) -> Conversation:
    if not is_id(conversation):
        raise UnknownConversationError(conversation)
    row = connection.execute(_OWN, {"owner": owner, "conversation": conversation}).one_or_none()
    if row is None:
        raise UnknownConversationError(conversation)
    return conversation_of(row)


def _newest_descendant(connection: Connection, conversation: str, start: str) -> str:
    query = select(messages.c.id, messages.c.parent).where(messages.c.conversation == conversation)
    parents = {row.id: row.parent for row in connection.execute(query.order_by(messages.c.seq))}
    if start not in parents:
        raise UnknownMessageError(start)
    newest = start
    subtree = {start}
    for child, parent in parents.items():
        if parent in subtree:
            subtree.add(child)
            newest = child
    return newest


def _mark(connection: Connection, ids: Sequence[str], deleted_at: int | None) -> None:
    """Mark deleted conversations anew, or no longer, unless they are being removed for good."""
    for some in _batched(ids, PARAMETERS):
        deleted = conversations.c.id.in_(some) & (conversations.c.deleted_at > FOR_GOOD)
        connection.execute(update(conversations).where(deleted).values(deleted_at=deleted_at))


def _deleted(connection: Connection, change: Update) -> Sequence[tuple[str, str]]:
    marked = change.values(deleted_at=FOR_GOOD).returning(conversations.c.client, conversations.c.id)
    return [(row.client, row.id) for row in connection.execute(marked)]


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
