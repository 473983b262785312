"""Removes conversations for good in short transactions, and what they leave behind in a file of SQLite."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TypeVar

from sqlalchemy import BindParameter, Connection, bindparam, delete, exists, func, select, text, update

from headwater.storage.database import Database
from headwater.storage.tables import conversations, generations, messages

FOR_GOOD = 0
"""When conversations were deleted that nobody can restore: before all others. They may be half removed."""

STEP_TIME = 0.04
"""Seconds after which a transaction removes no more, because others wait for it."""

CHUNK = 20
"""The most messages that one statement removes."""

CHUNK_CHARS = 20_000
"""About how much text one statement removes; each word of it is in the search index."""

WORDS = ("conversations_words", "messages_words")
"""The tables of the search index, see the migrations."""

MERGE_PAGES = 20
"""About how many pages of the index one transaction merges, beside those of which nothing is left."""

MERGE_AFTER = 4_000_000
"""Characters that are removed before the index is merged: the more go, the longer a step may take."""

T = TypeVar("T")

_MARKED = select(conversations.c.id).where(conversations.c.deleted_at == FOR_GOOD).limit(100)
_TAKE_TURN = text("SELECT pg_try_advisory_xact_lock(:key)").bindparams(key=0x48656164_70757267)
"""One server at a time removes; the key is "Headpurg" as a number."""

_REMOVE = delete(conversations).where(conversations.c.id == bindparam("conversation"))
_REMOVE_EMPTY = delete(conversations).where(
    conversations.c.deleted_at == FOR_GOOD, ~exists().where(messages.c.conversation == conversations.c.id)
)
_BLANK = update(conversations).where(conversations.c.id == bindparam("conversation")).values(title="")
_NEWEST = (
    select(messages.c.id, func.length(messages.c.text).label("chars"))
    .where(messages.c.conversation == bindparam("conversation"))
    .order_by(messages.c.seq.desc())
    .limit(CHUNK)
)
_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_LOCK_REPLIES = select(generations.c.id).where(generations.c.message.in_(_IDS)).with_for_update()
_REMOVE_MESSAGES = delete(messages).where(messages.c.id.in_(_IDS))


async def remove_marked(database: Database) -> int:
    """Remove the conversations that are marked with `FOR_GOOD`; returns how many they were.

    If it is cut, the next call goes on. So the last one stays, empty, until nothing else is left of them.
    """
    removed = chars = 0
    while (step := await in_turn(database, _remove_some)) is not None:
        removed += step.conversations
        chars += step.chars
        if chars >= MERGE_AFTER or step.is_last:
            await _merge_words(database)
            chars = 0
        if step.is_last:
            removed += await in_turn(database, _remove_empty)
            await database.empty_log()
    return removed


async def in_turn(database: Database, work: Callable[[Connection], T]) -> T:
    """The result of one of many transactions, after which others have their turn.

    A server that runs beside this process waits for SQLite without a queue, so it gets as much time.
    """
    began = monotonic()
    result = await database.write(work, long=True)
    if not database.is_server:
        await asyncio.sleep(monotonic() - began)
    return result


async def _merge_words(database: Database) -> None:
    """Overwrite what deleted rows leave in SQLite's search index.

    SQLite overwrites deleted rows by itself (`secure_delete`), but the index keeps their words until its
    segments are merged. PostgreSQL needs nothing: its autovacuum frees deleted rows, with their words.
    """
    if not database.is_sqlite:
        return
    for table in WORDS:
        pages, changes = -MERGE_PAGES, 2
        while changes >= 2:
            changes = await in_turn(database, partial(_merge, table=table, pages=pages))
            pages = MERGE_PAGES


@dataclass(slots=True)
class _Removed:
    """How many conversations are gone, and how much text; `is_last` if one is left, which is empty."""

    conversations: int = 0
    chars: int = 0
    is_last: bool = False


def _remove_some(connection: Connection) -> _Removed | None:
    """Remove for about `STEP_TIME`; returns what is gone, None if nothing is marked."""
    if connection.dialect.name == "postgresql" and not connection.scalar(_TAKE_TURN):
        return None
    ids = connection.scalars(_MARKED).all()
    if not ids:
        return None
    until, removed = monotonic() + STEP_TIME, _Removed()
    for id_ in ids:
        if not _empty(connection, id_, until, removed):
            break
        if id_ == ids[-1]:
            connection.execute(_BLANK, {"conversation": id_})
            removed.is_last = True
        else:
            removed.conversations += connection.execute(_REMOVE, {"conversation": id_}).rowcount
    return removed


def _remove_empty(connection: Connection) -> int:
    """Remove what is marked and has no messages; returns how many conversations."""
    return connection.execute(_REMOVE_EMPTY).rowcount


def _empty(connection: Connection, conversation: str, until: float, removed: _Removed) -> bool:
    """Remove the messages of a conversation until some time; returns whether none is left.

    The newest go first, because SQLite cascades from parent to child only about a thousand levels deep.
    """
    while newest := connection.execute(_NEWEST, {"conversation": conversation}).all():
        ids, end = [], removed.chars + CHUNK_CHARS
        for row in newest:
            if removed.chars < end:
                ids.append(row.id)
                removed.chars += row.chars
        # Lock replies before their messages, as a reply that is being closed does.
        connection.execute(_LOCK_REPLIES, {"ids": ids})
        connection.execute(_REMOVE_MESSAGES, {"ids": ids})
        if monotonic() >= until:
            return False
    return True


def _merge(connection: Connection, table: str, pages: int) -> int:
    """Merge some of an index; returns the number of changes, less than 2 at the end."""
    changes = text("SELECT total_changes()")
    before: int = connection.scalar(changes)
    merge = text(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', :pages)")  # noqa: S608
    connection.execute(merge, {"pages": pages})
    after: int = connection.scalar(changes)
    return after - before
