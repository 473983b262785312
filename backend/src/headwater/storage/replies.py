"""What models said, as rows: saved in pieces while a generation is open, written once when it is closed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import Row, Select, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from headwater.conversations.model import Outcome, Reply
from headwater.generation.events import Event
from headwater.generation.fold import Content, Shape, fold, shape
from headwater.generation.log import Cursor
from headwater.ids import is_id
from headwater.storage.database import Database
from headwater.storage.tables import conversations, generations, messages, pieces


@dataclass(frozen=True, slots=True)
class Piece:
    """Events of an open generation that follow the cursor `at`."""

    generation: str
    at: Cursor
    events: Sequence[Event]


class ReplyRepository:
    """Where what was said is kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, said: Iterable[Piece]) -> None:
        """Save what open generations have said since they were last saved."""
        rows = [
            {
                "generation": piece.generation,
                "at": piece.at,
                "text": (content := fold(piece.events)).text,
                "reasoning": content.reasoning,
                "shape": _encode(shape(piece.events)),
            }
            for piece in said
        ]
        if not rows:
            return
        async with self._database.writing() as connection:
            known = await connection.scalars(
                select(generations.c.id)
                .where(
                    generations.c.id.in_({row["generation"] for row in rows}), generations.c.shape.is_(None)
                )
                .with_for_update(read=True)  # a reply that is being closed meanwhile is waited for
            )
            still_open = set(known)
            rows = [row for row in rows if row["generation"] in still_open]
            if rows:
                # What was taken without an answer, because a connection broke, is said again with more.
                again = delete(pieces).where(
                    pieces.c.generation == bindparam("generation"), pieces.c.at == bindparam("at")
                )
                await connection.execute(
                    again, [{"generation": row["generation"], "at": row["at"]} for row in rows]
                )
                await connection.execute(insert(pieces), rows)

    async def close(
        self,
        generation: str,
        content: Content,
        lengths: Shape,
        outcome: Outcome,
        title: str | None = None,
    ) -> bool:
        """Write a closed generation's row, once; False where it was closed before, or is gone.

        `title` is one that was made for the conversation; one that a person wrote stays.
        """
        async with self._database.writing() as connection:
            return await _close(connection, generation, content, lengths, outcome, title)

    async def find(self, client: str, generation: str) -> Reply | None:
        """A client's closed generation, or None where it has none of that id."""
        if not is_id(generation):
            return None
        query: Select[Any] = (
            select(*messages.c, generations.c.id.label("generation"), generations.c.shape)
            .join(generations, generations.c.message == messages.c.id)
            .join(conversations, conversations.c.id == messages.c.conversation)
            .where(
                generations.c.id == generation,
                generations.c.client == client,
                generations.c.shape.is_not(None),
                conversations.c.deleted_at.is_(None),
            )
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _reply(row)

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

    async def begun_with(self, client: str, key: str) -> tuple[str, bytes] | None:
        """The generation that a client began with an idempotency key, and what tells that request."""
        query = select(generations.c.id, generations.c.request).where(
            generations.c.client == client, generations.c.key == key
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else (row.id, row.request)

    async def close_orphans(self, outcome: Outcome) -> int:
        """Close what a crash left open, with the text that was saved of it; returns how many that were."""
        async with self._database.writing() as connection:
            left = await connection.scalars(select(generations.c.id).where(generations.c.shape.is_(None)))
            names = left.all()
            query = select(pieces).where(pieces.c.generation.in_(names))
            rows = (await connection.execute(query.order_by(pieces.c.generation, pieces.c.at))).all()
            saved = {name: list(group) for name, group in groupby(rows, lambda row: row.generation)}
            for name in names:
                said = saved.get(name, [])
                content = Content("".join(row.text for row in said), "".join(row.reasoning for row in said))
                lengths = [length for row in said for length in _decode(row.shape)]
                await _close(connection, name, content, lengths, outcome)
            return len(names)


async def _close(
    connection: AsyncConnection,
    generation: str,
    content: Content,
    lengths: Shape,
    outcome: Outcome,
    title: str | None = None,
) -> bool:
    closed = await connection.execute(
        update(generations)
        .where(generations.c.id == generation, generations.c.shape.is_(None))
        .values(shape=_encode(lengths))
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
        .values(text=content.text, reasoning=content.reasoning, outcome=outcome)
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


def _reply(row: Row[Any]) -> Reply:
    return Reply(
        generation=row.generation,
        client=row.client,
        conversation=row.conversation,
        message=row.id,
        parent=row.parent,
        model=row.model,
        content=Content(row.text, row.reasoning),
        shape=_decode(row.shape),
        outcome=row.outcome,
        created_at=row.created_at,
    )


def _encode(lengths: Shape) -> bytes:
    return msgspec.msgpack.encode(lengths)


def _decode(encoded: bytes) -> Shape:
    return msgspec.msgpack.decode(encoded, type=list[int])
