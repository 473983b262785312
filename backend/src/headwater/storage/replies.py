"""Replies as rows: saved in pieces while the generation is open, written once when it closes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, bindparam, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from headwater.conversations.model import GenerationRecord, OutcomeObject
from headwater.generation.codec import parse_parts, parts_objects
from headwater.generation.log import Cursor
from headwater.generation.parts import Event, Shape, fold, shape, unfold
from headwater.ids import is_id
from headwater.storage.database import Database
from headwater.storage.rows import MESSAGE, part_columns, parts_of
from headwater.storage.tables import conversations, generations, messages, pieces


@dataclass(frozen=True, slots=True)
class Piece:
    """Events of an open generation that follow the cursor `at`."""

    generation: str
    at: Cursor
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class StoredReply:
    """A generation as its row has it. While it is open, `outcome` is None and there are no events.

    `question` is the text of the message that it replies to. `request` has the digests of the request that
    chose its id, None for replies of older versions. `is_deleted` is true if its conversation is.
    """

    generation: GenerationRecord
    events: tuple[Event, ...]
    outcome: OutcomeObject | None
    question: str | None
    request: dict[str, bytes] | None
    is_deleted: bool


class ReplyRepository:
    """The rows of replies."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, new: Iterable[Piece]) -> None:
        """Save the events that open generations got since they were last saved."""
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
            open_ids = set(
                await connection.scalars(
                    select(generations.c.id)
                    .where(
                        generations.c.id.in_({row["generation"] for row in rows}),
                        generations.c.shape.is_(None),
                    )
                    .with_for_update(read=True)  # waits for a `close` that is under way
                )
            )
            rows = [row for row in rows if row["generation"] in open_ids]
            if rows:
                # An earlier attempt may have committed although the connection broke before the answer.
                earlier = delete(pieces).where(
                    pieces.c.generation == bindparam("generation"), pieces.c.at == bindparam("at")
                )
                await connection.execute(
                    earlier, [{"generation": row["generation"], "at": row["at"]} for row in rows]
                )
                await connection.execute(insert(pieces), rows)

    async def close(
        self, generation: str, events: Sequence[Event], outcome: OutcomeObject, title: str | None = None
    ) -> bool:
        """Write a closed generation's row, once; False if it was closed before, or is gone.

        `title` is a generated title for the conversation; a title that a person wrote stays.
        """
        async with self._database.writing() as connection:
            return await _close(connection, generation, events, outcome, title)

    async def find(self, owner: str, generation: str) -> StoredReply | None:
        """An owner's generation, open or closed; None if the owner has none with this id."""
        reply = await self.start_of(owner, generation)
        if reply is None or reply.generation.owner != owner or reply.is_deleted:
            return None
        return reply

    async def generation_of(self, message: str) -> str | None:
        """The generation whose reply has this id, of any owner; None if there is none."""
        query = select(generations.c.id).where(generations.c.message == message)
        async with self._database.reading() as connection:
            generation: str | None = await connection.scalar(query)
        return generation

    async def nearest(self, message: str) -> str | None:
        """The generation of the last reply on the branch that ends with a message, None if it has none."""
        path = (
            select(messages.c.id, messages.c.parent)
            .where(messages.c.id == message)
            .cte("path", recursive=True)
        )
        path = path.union_all(select(messages.c.id, messages.c.parent).where(messages.c.id == path.c.parent))
        query = (
            select(generations.c.id)
            .join(path, path.c.id == generations.c.message)
            .join(messages, messages.c.id == generations.c.message)
            .order_by(messages.c.seq.desc())
            .limit(1)
        )
        async with self._database.reading() as connection:
            generation: str | None = await connection.scalar(query)
        return generation

    async def start_of(self, owner: str, generation: str, key: str | None = None) -> StoredReply | None:
        """Anybody's generation with this id, or the owner's with this idempotency key, even a deleted one."""
        if not is_id(generation):
            return None
        matches: ColumnElement[bool] = generations.c.id == generation
        if key is not None:
            matches = or_(matches, (generations.c.client == owner) & (generations.c.key == key))
        question = messages.alias("question")
        query: Select[Any] = (
            select(
                *MESSAGE,
                generations.c.shape,
                generations.c.request,
                question.c.text.label("question"),
                conversations.c.deleted_at.is_not(None).label("is_deleted"),
            )
            .join(generations, generations.c.message == messages.c.id)
            .join(conversations, conversations.c.id == messages.c.conversation)
            .outerjoin(question, question.c.id == messages.c.parent)
            .where(matches)
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _stored_reply(row)

    async def close_orphans(self, outcome: OutcomeObject) -> int:
        """Close what a crash left open, with the events that were saved; returns how many were open."""
        async with self._database.writing() as connection:
            is_open = generations.c.shape.is_(None)
            ids = (await connection.scalars(select(generations.c.id).where(is_open))).all()
            query = select(pieces).where(pieces.c.generation.in_(ids))
            rows = (await connection.execute(query.order_by(pieces.c.generation, pieces.c.at))).all()
            saved = {id_: list(group) for id_, group in groupby(rows, lambda row: row.generation)}
            for id_ in ids:
                events = [
                    event
                    for row in saved.get(id_, [])
                    for event in unfold(parse_parts(row.parts), _decode(row.shape))
                ]
                await _close(connection, id_, events, outcome)
            return len(ids)


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
        untitled = update(conversations).where(conversation, conversations.c.titled.is_(False))
        await connection.execute(untitled.values(title=title))
    return True


def _stored_reply(row: Row[Any]) -> StoredReply:
    return StoredReply(
        GenerationRecord(
            id=row.generation,
            owner=row.client,
            conversation=row.conversation,
            message=row.id,
            parent=row.parent,
            model=row.model,
            created_at=row.created_at,
        ),
        events=() if row.shape is None else tuple(unfold(parts_of(row), _decode(row.shape))),
        outcome=row.outcome,
        question=row.question,
        request=None if row.request is None else msgspec.msgpack.decode(row.request, type=dict[str, bytes]),
        is_deleted=row.is_deleted,
    )


def _encode(lengths: Shape) -> bytes:
    return msgspec.msgpack.encode(lengths)


def _decode(encoded: bytes) -> Shape:
    return msgspec.msgpack.decode(encoded, type=list[int])
