"""The rows of a reply that starts: four statements of SQLite, one of PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, TextClause, bindparam, insert, text, update

from headwater.conversations.model import Conversation, GenerationRecord, Message, UnknownConversationError
from headwater.storage.database import Database
from headwater.storage.rows import conversation_row, encode_json, message_row, stored
from headwater.storage.servers import FENCE
from headwater.storage.sqlite import compiled, execute
from headwater.storage.tables import conversations, generations, messages

_INSERT_CONVERSATION = compiled(insert(conversations), stored(conversations))
_INSERT_MESSAGE = compiled(insert(messages), stored(messages))
_INSERT_GENERATION = compiled(insert(generations), ("id", "message", "client", "request"))
_MOVE_LEAF = compiled(
    update(conversations)
    .where(
        conversations.c.id == bindparam("own"),
        conversations.c.client == bindparam("owner"),
        conversations.c.deleted_at.is_(None),
    )
    .values(version=conversations.c.version + text("1"), leaf=bindparam("reply"), updated_at=bindparam("at"))
)


def _start(own: str) -> TextClause:
    """A start in one statement of PostgreSQL. Its parts read from `own`, so all happen or none."""
    return text(f"""
        WITH held AS ({FENCE}), own AS ({own}), added AS (
            INSERT INTO messages ({", ".join(stored(messages))})
            SELECT {", ".join(f"new.{name}" for name in stored(messages))}
            FROM own, json_populate_recordset(CAST(NULL AS messages), CAST(:messages AS json)) AS new
        ), begun AS (
            INSERT INTO generations (id, message, client, request, server)
            SELECT CAST(:id AS text), CAST(:message AS text), CAST(:client AS text), CAST(:request AS bytea),
                held.name
            FROM own, held
        )
        SELECT (SELECT count(*) FROM held) AS held, (SELECT count(*) FROM own) AS own""")  # noqa: S608


_START_NEW = _start(f"""
    INSERT INTO conversations ({", ".join(stored(conversations))})
    SELECT {", ".join(f"new.{name}" for name in stored(conversations))}
    FROM held, json_populate_record(CAST(NULL AS conversations), CAST(:conversation AS json)) AS new
    RETURNING id""")  # noqa: S608
_START_OWN = _start("""
    UPDATE conversations SET version = version + 1, leaf = :reply, updated_at = :at
    FROM held WHERE id = :own AND client = :owner AND deleted_at IS NULL RETURNING id""")


def start_rows(
    generation: GenerationRecord,
    new: Sequence[Message],
    begins: Conversation | None,
    request: Mapping[str, bytes] | None,
) -> dict[str, Any]:
    """What a start writes: a `conversation` or the `position` in one, `messages` and the `generation`."""
    owner, reply, at = generation.owner, generation.message, generation.created_at
    conversation = None
    if begins is not None:
        moved = {"leaf": reply, "updated_at": at, "version": begins.version + 1, "deleted_at": None}
        conversation = conversation_row(begins, owner) | moved
    return {
        "conversation": conversation,
        "position": {"own": generation.conversation, "owner": owner, "reply": reply, "at": at},
        "messages": [message_row(message, generation.conversation, owner) for message in new],
        "generation": {
            "id": generation.id,
            "message": reply,
            "client": owner,
            "request": None if request is None else msgspec.msgpack.encode(request),
        },
    }


async def add_start(database: Database, rows: Mapping[str, Any]) -> None:
    """Add them, all or none. Raises `UnknownConversationError`, and `IntegrityError` for a taken id."""
    if database.is_sqlite:
        await database.write(lambda connection: _add(connection, rows))
        return
    statement = _START_OWN if rows["conversation"] is None else _START_NEW
    encoded = {name: encode_json(rows[name]) for name in ("conversation", "messages")}
    if not (await database.execute(statement, encoded | rows["position"] | rows["generation"]))["own"]:
        raise UnknownConversationError(rows["position"]["own"])


def _add(connection: Connection, rows: Mapping[str, Any]) -> None:
    if rows["conversation"] is not None:
        execute(connection, _INSERT_CONVERSATION, rows["conversation"])
    elif execute(connection, _MOVE_LEAF, rows["position"]).rowcount == 0:
        raise UnknownConversationError(rows["position"]["own"])
    execute(connection, _INSERT_MESSAGE, rows["messages"])  # they are only text, so no column holds JSON
    execute(connection, _INSERT_GENERATION, rows["generation"])
