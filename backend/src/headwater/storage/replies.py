"""Replies as rows: saved in pieces while a generation is open, written once when it is closed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, bindparam, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from headwater.conversations.model import OutcomeObject, StoredReply
from headwater.generation.codec import parse_parts, parts_objects
from headwater.generation.log import Cursor
from headwater.generation.parts import Event, Shape, fold, shape, unfold
from headwater.ids import is_id
from headwater.storage.database import Database
from headwater.storage.rows import part_columns, parts
from headwater.storage.tables import conversations, generations, messages, pieces


@dataclass(frozen=True, slots=True)
class Piece:
    """Events of an open generation that follow the cursor `at`."""

    generation: str
    at: Cursor
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Start:
    """How a reply began: to which message (`parent`), which text that has, and which message came before."""

    generation: str
    owner: str
    conversation: str
    model: str
    parent: str
    question: str | None
    question_parent: str | None


class ReplyRepository:
    """The rows of replies."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, new: Iterable[Piece]) -> None:
        """Save what open generations have said since they were last saved."""
        rows = [
            {
                "generation": piece.generation,
                "at": piece.at,
                "parts": parts_objects(fold(piece.events)),
                "shape": _encode(shape(piece.events)),
            }
            for piece in new
        ]
        if not rows:
            return
        async with self._database.writing() as connection:
            known = await connection.scalars(
                select(generations.c.id)
                .where(
                    generations.c.id.in_({row["generation"] for row in rows}), generations.c.shape.is_(None)
                )
                .with_for_update(read=True)  # wait for a reply that is being closed meanwhile
            )
            still_open = set(known)
            rows = [row for row in rows if row["generation"] in still_open]
            if rows:
                # A piece may have been saved although its connection broke before the answer.
                again = delete(pieces).where(
                    pieces.c.generation == bindparam("generation"), pieces.c.at == bindparam("at")
                )
                await connection.execute(
                    again, [{"generation": row["generation"], "at": row["at"]} for row in rows]
                )
                await connection.execute(insert(pieces), rows)

    async def close(
        self, generation: str, events: Sequence[Event], outcome: OutcomeObject, title: str | None = None
    ) -> bool:
        """Write a closed generation's row, once; False where it was closed before, or is gone.

        `title` is a made one for the conversation; a title that a person wrote stays.
        """
        async with self._database.writing() as connection:
            return await _close(connection, generation, events, outcome, title)

    async def find(self, owner: str, generation: str) -> StoredReply | None:
        """An owner's generation, open or closed; None where there is none of that id."""
        if not is_id(generation):
            return None
        query: Select[Any] = (
            select(*messages.c, generations.c.id.label("generation"), generations.c.shape)
            .join(generations, generations.c.message == messages.c.id)
            .join(conversations, conversations.c.id == messages.c.conversation)
            .where(
                generations.c.id == generation,
                generations.c.client == owner,
                conversations.c.deleted_at.is_(None),
            )
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _stored_reply(row)

    async def nearest(self, message: str) -> str | None:
        """The generation of the last reply on the branch that ends with a message, None where it has none."""
        path = select(messages.c.id, messages.c.parent).where(messages.c.id == message)
        path_up = path.cte("path", recursive=True)
        path_up = path_up.union_all(
            select(messages.c.id, messages.c.parent).where(messages.c.id == path_up.c.parent)
        )
        query = (
            select(generations.c.id)
            .join(path_up, path_up.c.id == generations.c.message)
            .join(messages, messages.c.id == generations.c.message)
            .order_by(messages.c.seq.desc())
            .limit(1)
        )
        async with self._database.reading() as connection:
            found: str | None = await connection.scalar(query)
        return found

    async def start_of(self, owner: str, generation: str, key: str | None) -> Start | None:
        """How the generation of this id began, or the owner's that began with this idempotency key."""
        named: ColumnElement[bool] = generations.c.id == generation
        if key is not None:
            named = or_(named, (generations.c.client == owner) & (generations.c.key == key))
        question = messages.alias("question")
        query = (
            select(
                generations.c.id.label("generation"),
                generations.c.client.label("owner"),
                messages.c.conversation,
                messages.c.model,
                messages.c.parent,
                question.c.text.label("question"),
                question.c.parent.label("question_parent"),
            )
            .join(messages, messages.c.id == generations.c.message)
            .outerjoin(question, question.c.id == messages.c.parent)
            .where(named)
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else Start(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it

    async def close_orphans(self, outcome: OutcomeObject) -> int:
        """Close what a crash left open, with the events that were saved; returns how many that were."""
        async with self._database.writing() as connection:
            open_ = await connection.scalars(select(generations.c.id).where(generations.c.shape.is_(None)))
            names = open_.all()
            query = select(pieces).where(pieces.c.generation.in_(names))
            rows = (await connection.execute(query.order_by(pieces.c.generation, pieces.c.at))).all()
            saved = {name: list(group) for name, group in groupby(rows, lambda row: row.generation)}
            for name in names:
                events = [
                    event
                    for row in saved.get(name, [])
                    for event in unfold(parse_parts(row.parts), _decode(row.shape))
                ]
                await _close(connection, name, events, outcome)
            return len(names)


async def _close(
    connection: AsyncConnection,
    generation: str,
    events: Sequence[Event],
    outcome: OutcomeObject,
    title: str | None = None,
) -> bool:
    closed = await connection.execute(
        update(generations)
        .where(generations.c.id == generation, generations.c.shape.is_(None))
        .values(shape=_encode(shape(events)))
    )
    if closed.rowcount == 0:
        return False
    await connection.execute(delete(pieces).where(pieces.c.generation == generation))
    written = await connection.execute(
        update(messages)
        .where(
            messages.c.id
            == select(generations.c.message).where(generations.c.id == generation).scalar_subquery()
        )
        .values(**part_columns(fold(events)), outcome=outcome)
        .returning(messages.c.conversation)
    )
    conversation = conversations.c.id == written.scalar_one()
    await connection.execute(
        update(conversations).where(conversation).values(version=conversations.c.version + 1)
    )
    if title is not None:
        made = update(conversations).where(conversation, conversations.c.titled.is_(False))
        await connection.execute(made.values(title=title))
    return True


def _stored_reply(row: Row[Any]) -> StoredReply:
    return StoredReply(
        generation=row.generation,
        owner=row.client,
        conversation=row.conversation,
        message=row.id,
        parent=row.parent,
        model=row.model,
        events=() if row.shape is None else tuple(unfold(parts(row), _decode(row.shape))),
        outcome=row.outcome,
        created_at=row.created_at,
    )


def _encode(lengths: Shape) -> bytes:
    return msgspec.msgpack.encode(lengths)


def _decode(encoded: bytes) -> Shape:
    return msgspec.msgpack.decode(encoded, type=list[int])
