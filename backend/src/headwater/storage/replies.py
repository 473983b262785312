"""Replies as rows: saved in pieces while the generation is open, written once when it closes."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    exists,
    insert,
    or_,
    select,
    text,
    update,
)

from headwater.conversations.model import GenerationRecord, OutcomeObject
from headwater.generation.codec import parse_parts, parts_objects
from headwater.generation.log import Cursor, Piece
from headwater.generation.parts import Event, Shape, fold, shape, unfold
from headwater.ids import is_id
from headwater.storage.database import Database
from headwater.storage.rows import MESSAGE, encode_json, part_columns, parts_of, path_to, stored
from headwater.storage.servers import FENCE
from headwater.storage.sqlite import compiled, execute
from headwater.storage.tables import conversations, generations, messages, pieces, servers, tails
from headwater.storage.tails import tail_pieces


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


@dataclass(frozen=True, slots=True)
class Orphan:
    """An open generation whose server is gone."""

    generation: str
    owner: str
    conversation: str


# The statements of every reply, built once.
_SAVE_PIECE = compiled(
    insert(pieces)
    .prefix_with("OR REPLACE")
    .from_select(
        ["generation", "at", "parts", "shape"],
        select(generations.c.id, bindparam("at"), bindparam("parts"), bindparam("shape")).where(
            generations.c.id == bindparam("generation"), generations.c.shape.is_(None)
        ),
    )
)
_CLOSE_GENERATION = compiled(
    update(generations)
    .where(generations.c.id == bindparam("generation"), generations.c.shape.is_(None))
    .values(shape=bindparam("lengths"))
    .returning(generations.c.message)
)
_DELETE_PIECES = compiled(delete(pieces).where(pieces.c.generation == bindparam("generation")))
_LEFT_PIECES = delete(pieces).where(
    exists().where(generations.c.id == pieces.c.generation, generations.c.shape.is_not(None))
)
_WRITE_REPLY = compiled(
    update(messages)
    .where(messages.c.id == bindparam("reply"))
    .values(text=bindparam("words"), parts=bindparam("content"), outcome=bindparam("end"))
    .returning(messages.c.conversation)
)
_COUNT_CHANGE = compiled(
    update(conversations)
    .where(conversations.c.id == bindparam("changed"))
    .values(version=conversations.c.version + text("1"))
)
_SET_TITLE = compiled(
    update(conversations)
    .where(
        conversations.c.id == bindparam("changed"),
        conversations.c.titled.is_(False),
        conversations.c.title != bindparam("made"),  # or search would index the same title again
    )
    .values(title=bindparam("made"))
)

_GENERATION_OF = select(generations.c.id).where(generations.c.message == bindparam("reply"))
_OPEN_ELSEWHERE = (
    select(generations.c.id, messages.c.conversation)
    .join(messages, messages.c.id == generations.c.message)
    .where(
        generations.c.client == bindparam("owner"),
        generations.c.shape.is_(None),
        generations.c.server.is_distinct_from(bindparam("here")),
    )
)
_IS_GONE = ~exists().where(servers.c.name == generations.c.server, servers.c.name != "")
_ORPHANS = (
    select(generations.c.id, generations.c.client, messages.c.conversation, generations.c.server)
    .join(messages, messages.c.id == generations.c.message)
    .where(generations.c.shape.is_(None))
)
_LOST = _ORPHANS.where(generations.c.server == bindparam("here"))
_LEFT = _ORPHANS.where(or_(generations.c.server == bindparam("here"), _IS_GONE))
_PATH = path_to(messages.c.id == bindparam("last"))
_NEAREST = (
    select(generations.c.id)
    .join(_PATH, _PATH.c.id == generations.c.message)
    .join(messages, messages.c.id == generations.c.message)
    .order_by(messages.c.seq.desc())
    .limit(1)
)
_QUESTION = messages.alias("question")
_STARTS: Select[Any] = (
    select(
        *MESSAGE,
        generations.c.shape,
        generations.c.request,
        _QUESTION.c.text.label("question"),
        conversations.c.deleted_at.is_not(None).label("is_deleted"),
    )
    .join(generations, generations.c.message == messages.c.id)
    .join(conversations, conversations.c.id == messages.c.conversation)
    .outerjoin(_QUESTION, _QUESTION.c.id == messages.c.parent)
)
_START = _STARTS.where(generations.c.id == bindparam("generation"))
_STARTS_BY_IDS = _STARTS.where(generations.c.id.in_(bindparam("ids", expanding=True)))
_START_BY_KEY = _STARTS.where(
    or_(
        generations.c.id == bindparam("generation"),
        (generations.c.client == bindparam("owner")) & (generations.c.key == bindparam("key")),
    )
)

# The same in one statement of PostgreSQL each. A part reads from the one before, so all happen or none.
_SAVE = text(f"""
    WITH held AS ({FENCE}), open AS (
        SELECT id FROM generations WHERE id = ANY(CAST(:ids AS text[])) AND shape IS NULL FOR SHARE
    ), saved AS (
        INSERT INTO pieces ({", ".join(stored(pieces))})
        SELECT {", ".join(f"new.{name}" for name in stored(pieces))}
        FROM held, open, json_populate_recordset(CAST(NULL AS pieces), CAST(:pieces AS json)) AS new
        WHERE new.generation = open.id
        ON CONFLICT (generation, at) DO UPDATE SET parts = excluded.parts, shape = excluded.shape
        WHERE octet_length(excluded.shape) > octet_length(pieces.shape) -- an earlier attempt may come later
    )
    SELECT (SELECT count(*) FROM held) AS held, ARRAY(SELECT id FROM open) AS open""")  # noqa: S608
_CLOSE = text(f"""
    WITH held AS ({FENCE}), closed AS (
        UPDATE generations SET shape = :shape, server = NULL, stop = NULL FROM held
        WHERE id = :generation AND shape IS NULL RETURNING message
    ), written AS (
        UPDATE messages SET text = :text, parts = CAST(:parts AS json), outcome = CAST(:outcome AS json)
        FROM closed WHERE id = closed.message RETURNING conversation
    ), changed AS (
        UPDATE conversations
        SET version = version + 1, title = CASE WHEN titled THEN title ELSE coalesce(:title, title) END
        FROM written WHERE id = written.conversation
    )
    SELECT (SELECT count(*) FROM held) AS held, (SELECT count(*) FROM closed) AS closed""")  # noqa: S608
_FORGET_PIECES = text(f"""
    WITH held AS ({FENCE}), forgotten AS (DELETE FROM pieces USING held WHERE generation = :generation)
    SELECT count(*) AS held FROM held""")  # noqa: S608


class ReplyRepository:
    """The rows of replies."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, new: Sequence[Piece]) -> Collection[str]:
        """Save the events that open generations got since they were last saved, before what waits.

        Returns the generations that are open: one that is closed, or has no row yet, takes no pieces.
        """
        if not new:
            return ()
        # A row replaces that of an earlier attempt, which may have committed before the connection broke.
        if self._database.is_sqlite:
            return await self._database.write(lambda connection: _save(connection, new), first=True)
        ids = [piece.generation for piece in new]
        saved = await self._database.execute(_SAVE, {"ids": ids, "pieces": encode_json(piece_rows(new))})
        return set(saved["open"])

    async def close(
        self, generation: str, events: Sequence[Event], outcome: OutcomeObject, title: str | None = None
    ) -> bool:
        """Write a closed generation's row, once; False if it was closed before, or is gone.

        `title` is a generated title for the conversation; a title that a person wrote stays.
        """
        if self._database.is_sqlite:
            return await self._database.write(
                lambda connection: _close(connection, generation, events, outcome, title)
            )
        row = {"generation": generation, "title": title, **_ending(events, outcome)}
        closed = await self._database.execute(_CLOSE, row)
        # A statement of its own: a piece may have been saved while the first one waited for the row.
        await self._database.execute(_FORGET_PIECES, {"generation": generation})
        return bool(closed["closed"])

    async def find(self, owner: str, generation: str) -> StoredReply | None:
        """An owner's generation, open or closed; None if the owner has none with this id."""
        reply = await self.start_of(owner, generation)
        if reply is None or reply.generation.owner != owner or reply.is_deleted:
            return None
        return reply

    async def generation_of(self, message: str) -> str | None:
        """The generation whose reply has this id, of any owner; None if there is none."""
        return await self._database.read(
            lambda connection: connection.scalar(_GENERATION_OF, {"reply": message}), single=True
        )

    async def nearest(self, message: str) -> str | None:
        """The generation of the last reply on the branch that ends with a message, None if it has none."""
        return await self._database.read(
            lambda connection: connection.scalar(_NEAREST, {"last": message}), single=True
        )

    async def start_of(self, owner: str, generation: str, key: str | None = None) -> StoredReply | None:
        """Anybody's generation with this id, or the owner's with this idempotency key, even a deleted one."""
        if not is_id(generation):
            return None
        names = {"owner": owner, "generation": generation, "key": key}
        query = _START if key is None else _START_BY_KEY
        row = await self._database.read(
            lambda connection: connection.execute(query, names).first(), single=True
        )
        return None if row is None else _stored_reply(row)

    async def with_ids(self, ids: Collection[str]) -> Sequence[StoredReply]:
        """Anybody's generations with these ids."""
        names = {"ids": list(ids)}
        rows = await self._database.read(
            lambda connection: connection.execute(_STARTS_BY_IDS, names).all(), single=True
        )
        return [_stored_reply(row) for row in rows]

    async def close_orphans(
        self, outcome: OutcomeObject, is_known: Callable[[str], bool] = lambda _: False
    ) -> AsyncIterator[Orphan]:
        """Close what no server runs, with the events that were saved and shared; yields each.

        One server does so for those that are gone. `is_known` tells which generations this server has in
        memory. One that its row says this server runs, and that it does not know, is an orphan too: the
        answer to its start was lost.
        """
        query, here = _LEFT if self._database.is_first else _LOST, self._database.server
        rows = await self._database.read(
            lambda connection: connection.execute(query, {"here": here}).all(), single=True
        )
        orphans = {row.id: row for row in rows if not is_known(row.id)}
        if not orphans:
            return

        def said(connection: Connection) -> dict[str, list[Event]]:
            said: dict[str, list[Event]] = {id_: [] for id_ in orphans}
            saved = select(pieces).where(pieces.c.generation.in_(list(orphans)))
            saved = saved.order_by(pieces.c.generation, pieces.c.at)
            hosts = {row.server for row in orphans.values()}
            shared = select(tails.c.pieces).where(tails.c.server.in_(hosts))
            for piece in (
                *(piece_of(*row) for row in connection.execute(saved)),
                *tail_pieces(connection.scalars(shared.order_by(tails.c.server, tails.c.number))),
            ):
                if (events := said.get(piece.generation)) is not None:
                    events += piece.after(len(events))
            return said

        # Several servers may find the same ones; the first to close one says so.
        for id_, events in (await self._database.read(said)).items():
            if await self.close(id_, events, outcome):
                yield Orphan(id_, orphans[id_].client, orphans[id_].conversation)

    async def open_elsewhere(self, owner: str) -> Mapping[str, str]:
        """The conversations of an owner's open generations that other servers run."""
        if self._database.is_sqlite:
            return {}
        names = {"owner": owner, "here": self._database.server}
        rows = await self._database.read(
            lambda connection: connection.execute(_OPEN_ELSEWHERE, names).all(), single=True
        )
        return {row.id: row.conversation for row in rows}

    async def forget_pieces(self) -> None:
        """Delete the pieces that a crash left of closed replies."""
        await self._database.write(lambda connection: connection.execute(_LEFT_PIECES).close(), long=True)


def piece_of(generation: str, at: Cursor, parts: Iterable[Mapping[str, Any]], lengths: bytes) -> Piece:
    """The piece of the columns of a row of `pieces`."""
    return Piece(generation, at, tuple(unfold(parse_parts(parts), _decode(lengths))))


def piece_rows(new: Sequence[Piece]) -> list[dict[str, Any]]:
    """The rows of `pieces`."""
    return [
        {
            "generation": piece.generation,
            "at": piece.at,
            "parts": parts_objects(fold(piece.events)),
            "shape": _encode(shape(piece.events)),
        }
        for piece in new
    ]


def _save(connection: Connection, new: Sequence[Piece]) -> Collection[str]:
    ids = {piece.generation for piece in new}
    rows = [{**row, "parts": encode_json(row["parts"])} for row in piece_rows(new)]
    if execute(connection, _SAVE_PIECE, rows).rowcount == len(new):
        return ids
    open_ = select(generations.c.id).where(generations.c.id.in_(ids), generations.c.shape.is_(None))
    return set(connection.scalars(open_))


def _ending(events: Sequence[Event], outcome: OutcomeObject) -> dict[str, Any]:
    """The columns of a closed reply."""
    columns = part_columns(fold(events))
    parts = columns["parts"] and encode_json(columns["parts"])
    return {"shape": _encode(shape(events)), **columns, "parts": parts, "outcome": encode_json(outcome)}


def _close(
    connection: Connection,
    generation: str,
    events: Sequence[Event],
    outcome: OutcomeObject,
    title: str | None = None,
) -> bool:
    row = _ending(events, outcome)
    closed = {"generation": generation, "lengths": row["shape"]}
    reply = execute(connection, _CLOSE_GENERATION, closed).fetchone()
    if reply is None:
        return False
    execute(connection, _DELETE_PIECES, closed)
    content = {"reply": reply[0], "words": row["text"], "content": row["parts"], "end": row["outcome"]}
    (changed,) = execute(connection, _WRITE_REPLY, content).fetchone()
    execute(connection, _COUNT_CHANGE, {"changed": changed})
    if title is not None:
        execute(connection, _SET_TITLE, {"changed": changed, "made": title})
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
