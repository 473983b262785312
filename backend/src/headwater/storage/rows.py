"""Conversations and messages as rows, both ways."""

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    bindparam,
    select,
    update,
)

from headwater.conversations.model import (
    Conversation,
    Message,
    Settings,
    UnknownConversationError,
    UnknownMessageError,
    plain,
)
from headwater.generation.codec import parse_parts, parts_objects
from headwater.generation.kinds.text import text_of
from headwater.generation.parts import Parts, settle
from headwater.ids import is_id
from headwater.storage.tables import conversations, generations, messages, shares

CONVERSATION = (*conversations.c, shares.c.token.label("share"))
_MEMBERS = tuple(field.name for field in fields(Conversation) if field.name not in {"settings", "share"})
_SETTINGS = tuple(field.name for field in fields(Settings))
MESSAGE = (*messages.c, generations.c.id.label("generation"))


def path_to(*conditions: ColumnElement[bool]) -> CTE:
    """The ids of the messages from the root to the one that meets the conditions."""
    path = select(messages.c.id, messages.c.parent).where(*conditions).cte("path", recursive=True)
    return path.union_all(select(messages.c.id, messages.c.parent).where(messages.c.id == path.c.parent))


_PATH = path_to(messages.c.id == bindparam("leaf"), messages.c.conversation == bindparam("inside"))
_BRANCH = (
    select(*MESSAGE)
    .join(_PATH, _PATH.c.id == messages.c.id)
    .outerjoin(generations, generations.c.message == messages.c.id)
    .order_by(messages.c.seq)
)


def read_branch(connection: Connection, conversation: str, leaf: str | None) -> tuple[Message, ...]:
    """The messages from the root to `leaf`, oldest first. Raises `UnknownMessageError`."""
    if leaf is None:
        return ()
    if not is_id(leaf):
        raise UnknownMessageError(leaf)
    branch = tuple(
        message_of(row) for row in connection.execute(_BRANCH, {"leaf": leaf, "inside": conversation})
    )
    if not branch:
        raise UnknownMessageError(leaf)
    return branch


# The query names only the ids: with the owner in it, SQLite would scan all rows of that owner.
_NAMED = (
    select(*CONVERSATION)
    .outerjoin(shares, shares.c.conversation == conversations.c.id)
    .where(conversations.c.id.in_(bindparam("ids", expanding=True)))
)


def own_conversations(connection: Connection, owner: str, ids: Sequence[str]) -> dict[str, Conversation]:
    """The owner's conversations with these ids, by id."""
    rows = connection.execute(_NAMED, {"ids": ids})
    return {row.id: conversation_of(row) for row in rows if row.client == owner and row.deleted_at is None}


MESSAGES = (
    select(*MESSAGE)
    .outerjoin(generations, generations.c.message == messages.c.id)
    .where(messages.c.conversation.in_(bindparam("conversations", expanding=True)))
    .order_by(messages.c.seq)
)
"""All messages of some conversations, oldest first."""


def read_trees(
    connection: Connection, owner: str, ids: Sequence[str]
) -> tuple[dict[str, Conversation], dict[str, list[Message]]]:
    """Those of the conversations that are the owner's, and their messages, by id."""
    own = own_conversations(connection, owner, ids)
    trees: dict[str, list[Message]] = {id_: [] for id_ in own}
    for row in connection.execute(MESSAGES, {"conversations": list(own)}):
        trees[row.conversation].append(message_of(row))
    return own, trees


def conversation_of(row: Row[Any], prefix: str = "") -> Conversation:
    """A conversation from its row, whose columns may have a prefix."""

    def values(names: Sequence[str]) -> dict[str, Any]:
        return {name: getattr(row, prefix + name) for name in names}

    return Conversation(**values((*_MEMBERS, "share")), settings=Settings(**values(_SETTINGS)))


def message_of(row: Row[Any]) -> Message:
    """A message from its row."""
    return Message(
        id=row.id,
        parent=row.parent,
        role=row.role,
        parts=settle(parts_of(row)),
        created_at=row.created_at,
        model=row.model,
        outcome=row.outcome,
        omitted=row.left_out,
        generation=row.generation,
    )


def stored(table: Table) -> list[str]:
    """The columns of a table that an INSERT sets; the database numbers the rows itself."""
    return [column.name for column in table.c if column.name != "seq"]


def encode_json(rows: object) -> str:
    """Rows for PostgreSQL's `json_populate_recordset`, which takes bytes in hexadecimal."""
    return json.dumps(rows, default=lambda value: f"\\x{value.hex()}")


def parts_of(row: Row[Any]) -> Parts:
    """The parts of a log, from the row of its message; the column is null for a message that is only text."""
    return plain(row.text) if row.parts is None else parse_parts(row.parts)


def part_columns(parts: Parts) -> dict[str, Any]:
    """The columns that hold the parts of a message's log; search reads `text`."""
    text = text_of(settle(parts))
    return {"text": text, "parts": None if parts == plain(text) else parts_objects(parts)}


def conversation_row(conversation: Conversation, owner: str) -> dict[str, Any]:
    """The row of a conversation."""
    # Not `asdict`, which copies deeply: an import has very many of them.
    members = {name: getattr(conversation, name) for name in _MEMBERS}
    settings = {name: getattr(conversation.settings, name) for name in _SETTINGS}
    return {**members, **settings, "client": owner}


def message_row(message: Message, conversation: str, owner: str) -> dict[str, Any]:
    """The row of a message."""
    return {
        "id": message.id,
        "conversation": conversation,
        "client": owner,
        "parent": message.parent,
        "role": message.role,
        **part_columns(message.parts),
        "model": message.model,
        "outcome": message.outcome,
        "left_out": message.omitted,
        "created_at": message.created_at,
    }


def select_own(owner: str | BindParameter[str]) -> Select[Any]:
    """The query for the owner's conversations."""
    return (
        select(*CONVERSATION)
        .outerjoin(shares, shares.c.conversation == conversations.c.id)
        .where(conversations.c.client == owner, conversations.c.deleted_at.is_(None))
    )


def change_own(
    connection: Connection,
    owner: str,
    conversation: str,
    **values: Any,  # noqa: ANN401
) -> str | None:
    """Set columns of one of the owner's conversations; returns its leaf. Raises `UnknownConversationError`.

    Ids of another form are refused here, because PostgreSQL rejects some characters altogether.
    """
    if not is_id(conversation):
        raise UnknownConversationError(conversation)
    change = (
        update(conversations)
        .where(
            conversations.c.id == conversation,
            conversations.c.client == owner,
            conversations.c.deleted_at.is_(None),
        )
        .values(version=conversations.c.version + 1, **values)
        .returning(conversations.c.leaf)
    )
    row = connection.execute(change).one_or_none()
    if row is None:
        raise UnknownConversationError(conversation)
    leaf: str | None = row.leaf
    return leaf
