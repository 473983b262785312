"""Removes conversations for good in short transactions, and what they leave behind in a file of SQLite."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from time import monotonic
from typing import TypeVar

from sqlalchemy import BindParameter, Connection, Row, bindparam, delete, func, select, text

from headwater.storage.database import Database
from headwater.storage.tables import conversations, generations, messages

FOR_GOOD = 0
"""When conversations were deleted that nobody can restore: before all others. They may be half removed."""

STEP_TIME = 0.02
"""Seconds after which a transaction removes no more, because others wait for it."""

CHUNK = 20
"""The most messages that one statement removes."""

CHUNK_CHARS = 20_000
"""About how much text one statement removes; each word of it is in the search index."""

WORDS = ("conversations_words", "messages_words")
"""The tables of the search index, see the migrations."""

MERGE_PAGES = 20
"""About how many pages of the index one transaction merges."""

T = TypeVar("T")

_MARKED = select(conversations.c.id).where(conversations.c.deleted_at == FOR_GOOD).limit(100)
_REMOVE = delete(conversations).where(conversations.c.id == bindparam("conversation"))
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

    If it is cut, the next call goes on.
    """
    removed = 0
    while (count := await in_turn(database, _remove_some)) is not None:
        removed += count
    if removed:
        await overwrite_deleted(database)
    return removed


async def in_turn(database: Database, work: Callable[[Connection], T]) -> T:
    """The result of one of many transactions, after which others have their turn.

    A server that runs beside this process waits for SQLite without a queue, so it gets as much time.
    """
    began = monotonic()
    result = await database.write(work)
    if not database.is_alone:
        await asyncio.sleep(monotonic() - began)
    return result


async def overwrite_deleted(database: Database) -> None:
    """Overwrite what deleted rows leave in SQLite's search index and in its write-ahead log.

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
    await database.empty_log()


def _remove_some(connection: Connection) -> int | None:
    """Remove for about `STEP_TIME`; returns how many conversations are gone, None if there was none left."""
    ids = connection.scalars(_MARKED).all()
    until, removed = monotonic() + STEP_TIME, 0
    for id_ in ids:
        if not _empty(connection, id_, until):
            break
        removed += connection.execute(_REMOVE, {"conversation": id_}).rowcount
    return removed if ids else None


def _empty(connection: Connection, conversation: str, until: float) -> bool:
    """Remove the messages of a conversation until some time; returns whether none is left.

    The newest go first, because SQLite cascades from parent to child only about a thousand levels deep.
    """
    while True:
        newest = connection.execute(_NEWEST, {"conversation": conversation}).all()
        if not newest:
            return True
        ids = {"ids": _chunk(newest)}
        connection.execute(
            _LOCK_REPLIES, ids
        )  # in the order in which replies that are being closed lock rows
        connection.execute(_REMOVE_MESSAGES, ids)
        if monotonic() >= until:
            return False


def _chunk(rows: Iterable[Row[str, int]]) -> list[str]:
    """The ids of the first rows, with about `CHUNK_CHARS` characters."""
    ids, chars = [], 0
    for row in rows:
        ids.append(row.id)
        chars += row.chars
        if chars >= CHUNK_CHARS:
            break
    return ids


def _merge(connection: Connection, table: str, pages: int) -> int:
    """Merge some of an index; returns the number of changes, less than 2 at the end."""
    changes = text("SELECT total_changes()")
    before: int = connection.scalar(changes)
    merge = text(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', :pages)")  # noqa: S608
    connection.execute(merge, {"pages": pages})
    after: int = connection.scalar(changes)
    return after - before
