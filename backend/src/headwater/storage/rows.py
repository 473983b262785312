"""Conversations and messages as rows, both ways."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from headwater.conversations.model import Conversation, Message, Settings, UnknownMessageError, plain
from headwater.generation.codec import parse_parts, parts_objects
from headwater.generation.parts import Parts, text_of
from headwater.ids import is_id
from headwater.storage.tables import conversations, generations, messages, shares

CONVERSATION = (*conversations.c, shares.c.token.label("share"))
MESSAGE = (*messages.c, generations.c.id.label("generation"))


async def branch(connection: AsyncConnection, conversation: str, leaf: str | None) -> tuple[Message, ...]:
    """The messages from the root to `leaf`, oldest first. Raises `UnknownMessageError`."""
    if leaf is None:
        return ()
    if not is_id(leaf):
        raise UnknownMessageError(leaf)
    path = (
        select(messages.c.id, messages.c.parent)
        .where(messages.c.id == leaf, messages.c.conversation == conversation)
        .cte("path", recursive=True)
    )
    path = path.union_all(select(messages.c.id, messages.c.parent).where(messages.c.id == path.c.parent))
    query = (
        select(*MESSAGE)
        .join(path, path.c.id == messages.c.id)
        .outerjoin(generations, generations.c.message == messages.c.id)
        .order_by(messages.c.seq)
    )
    found = tuple(message(row) for row in await connection.execute(query))
    if not found:
        raise UnknownMessageError(leaf)
    return found


async def own_conversations(
    connection: AsyncConnection, client: str, names: Sequence[str]
) -> dict[str, Conversation]:
    """A client's conversations of these ids, by id."""
    # By their ids alone: given the client as well, SQLite goes through everything that the client has.
    query = (
        select(*CONVERSATION)
        .outerjoin(shares, shares.c.conversation == conversations.c.id)
        .where(conversations.c.id.in_(names))
    )
    rows = await connection.execute(query)
    return {row.id: conversation(row) for row in rows if row.client == client and row.deleted_at is None}


def conversation(row: Row[Any]) -> Conversation:
    """A conversation from its row."""
    return Conversation(
        id=row.id,
        title=row.title,
        titled=row.titled,
        created_at=row.created_at,
        updated_at=row.updated_at,
        pinned=row.pinned,
        archived=row.archived,
        leaf=row.leaf,
        settings=Settings(row.model, row.system, row.temperature, row.max_tokens),
        version=row.version,
        share=row.share,
    )


def message(row: Row[Any]) -> Message:
    """A message from its row."""
    return Message(
        id=row.id,
        parent=row.parent,
        role=row.role,
        parts=parts(row),
        created_at=row.created_at,
        model=row.model,
        outcome=row.outcome,
        omitted=row.left_out,
        generation=row.generation,
    )


def parts(row: Row[Any]) -> Parts:
    """The parts of a message from its row; `parts` is null where the message is nothing but its text."""
    return plain(row.text) if row.parts is None else parse_parts(row.parts)


def part_columns(parts: Parts) -> dict[str, Any]:
    """The columns of a message's parts, of which search reads the text."""
    text = text_of(parts)
    return {"text": text, "parts": None if parts == plain(text) else parts_objects(parts)}


def new_conversation(name: str, client: str, title: str, now: int, settings: Settings) -> dict[str, Any]:
    """The row of a conversation that begins now."""
    return {
        "id": name,
        "client": client,
        "title": title,
        "titled": False,
        "created_at": now,
        "updated_at": now,
        "pinned": False,
        "archived": False,
        "leaf": None,
        "model": settings.model,
        "system": settings.system,
        "temperature": settings.temperature,
        "max_tokens": settings.max_tokens,
        "version": 1,
    }


def message_row(message: Message, conversation: str, client: str) -> dict[str, Any]:
    """The row of a message."""
    return {
        "id": message.id,
        "conversation": conversation,
        "client": client,
        "parent": message.parent,
        "role": message.role,
        **part_columns(message.parts),
        "model": message.model,
        "outcome": message.outcome,
        "left_out": message.omitted,
        "created_at": message.created_at,
    }


def own(client: str) -> Select[Any]:
    """What a client's conversations are selected with."""
    return (
        select(*CONVERSATION)
        .outerjoin(shares, shares.c.conversation == conversations.c.id)
        .where(conversations.c.client == client, conversations.c.deleted_at.is_(None))
    )
