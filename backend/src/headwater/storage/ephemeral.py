"""Rows of ephemeral replies on PostgreSQL, by which other servers find, read and stop them.

Such a reply is in the memory of its server and not stored. Its row says whose it is, and nothing that was
said. Only if another server reads it are there pieces of it, too. Both are removed once its server has
forgotten it, or is gone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields

from sqlalchemy import bindparam, select, text

from headwater.conversations.model import GenerationRecord, OutcomeObject, Storage
from headwater.generation.log import Piece
from headwater.ids import is_id
from headwater.storage.database import Database
from headwater.storage.replies import piece_rows
from headwater.storage.rows import encode_json, stored
from headwater.storage.servers import FENCE
from headwater.storage.tables import ephemeral_pieces, ephemeral_replies

NOBODY = ""
"""Whose a deleted reply is until its server forgets it."""

_MEMBERS = {field.name: field.name for field in fields(GenerationRecord) if field.name != "storage"} | {
    "owner": "client"
}
"""The column of each member of a record."""

_ADD = text(f"""
    WITH held AS ({FENCE}), added AS (
        INSERT INTO ephemeral_replies (server, {", ".join(_MEMBERS.values())})
        SELECT held.name, {", ".join(f"new.{name}" for name in _MEMBERS.values())}
        FROM held, json_populate_recordset(CAST(NULL AS ephemeral_replies), CAST(:rows AS json)) AS new
        ON CONFLICT DO NOTHING
    )
    SELECT count(*) AS held FROM held""")  # noqa: S608
_REMOVE = text(f"""
    WITH held AS ({FENCE}), removed AS (
        DELETE FROM ephemeral_replies WHERE id IN (
            SELECT id FROM ephemeral_replies JOIN held ON server IS NULL OR server = held.name
            WHERE id = ANY(CAST(:ids AS text[])) FOR UPDATE OF ephemeral_replies SKIP LOCKED
        )
    )
    SELECT (SELECT count(*) FROM held) AS held,
        ARRAY(SELECT id FROM ephemeral_replies WHERE server IS NULL) AS orphans,
        ARRAY(SELECT id FROM ephemeral_replies JOIN held ON server = held.name WHERE client = '{NOBODY}')
            AS deleted""")  # noqa: S608
_DELETE = text(f"""
    WITH held AS ({FENCE}), deleted AS (
        UPDATE ephemeral_replies SET client = '{NOBODY}' FROM held WHERE client = :owner
    )
    SELECT count(*) AS held FROM held""")  # noqa: S608
_SAVE = text(f"""
    WITH held AS ({FENCE}), known AS (
        SELECT id FROM ephemeral_replies WHERE id = ANY(CAST(:ids AS text[])) FOR KEY SHARE
    ), saved AS (
        INSERT INTO ephemeral_pieces AS piece ({", ".join(stored(ephemeral_pieces))})
        SELECT {", ".join(f"new.{name}" for name in stored(ephemeral_pieces))}
        FROM held, known,
            json_populate_recordset(CAST(NULL AS ephemeral_pieces), CAST(:pieces AS json)) AS new
        WHERE new.generation = known.id
        ON CONFLICT (generation, at)
        DO UPDATE SET parts = excluded.parts, shape = excluded.shape, outcome = excluded.outcome
        WHERE octet_length(excluded.shape) > octet_length(piece.shape) OR excluded.outcome IS NOT NULL
    )
    SELECT (SELECT count(*) FROM held) AS held, ARRAY(SELECT id FROM known) AS known""")  # noqa: S608
_ELSEWHERE = select(*(ephemeral_replies.c[column].label(name) for name, column in _MEMBERS.items())).where(
    ephemeral_replies.c.client == bindparam("owner"),
    ephemeral_replies.c.server.is_distinct_from(bindparam("here")),
)
_FIND = _ELSEWHERE.where(ephemeral_replies.c.id == bindparam("generation"))
_NEWEST_FIRST = _ELSEWHERE.order_by(ephemeral_replies.c.created_at.desc())


class EphemeralRepository:
    """The rows of ephemeral replies. On SQLite there are none, and no method is called."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def has_others(self) -> bool:
        """Whether there are other servers. If not, no rows are needed."""
        return self._database.other_servers > 0

    @property
    def may_be_left(self) -> bool:
        """Whether a server that was there before may have left rows."""
        return not self._database.is_sqlite

    async def add(self, generations: Collection[GenerationRecord]) -> None:
        """Add those of these replies of this server that have no rows."""
        rows = [
            {column: getattr(generation, name) for name, column in _MEMBERS.items()}
            for generation in generations
        ]
        await self._database.execute(_ADD, {"rows": encode_json(rows)})

    async def remove(self, generations: Collection[str]) -> tuple[Sequence[str], Collection[str]]:
        """Remove replies of this server or of one that is gone.

        Returns those whose servers are gone, and those of this server that are deleted.
        """
        removed = await self._database.execute(_REMOVE, {"ids": list(generations)})
        return removed["orphans"], set(removed["deleted"])

    async def delete(self, owner: str) -> None:
        """Hide all of an owner, on every server, until their servers forget them."""
        await self._database.execute(_DELETE, {"owner": owner})

    async def save(self, new: Sequence[Piece], outcomes: Mapping[str, OutcomeObject]) -> Collection[str]:
        """Save what came since the last time, to the outcomes; returns the replies that have rows."""
        rows = [{**row, "outcome": outcomes.get(row["generation"])} for row in piece_rows(new)]
        ids = [piece.generation for piece in new]
        saved = await self._database.execute(_SAVE, {"ids": ids, "pieces": encode_json(rows)})
        return set(saved["known"])

    async def find(self, owner: str, generation: str) -> GenerationRecord | None:
        """An owner's reply that another server has, or had before it was gone."""
        if not is_id(generation):
            return None
        names = {"owner": owner, "generation": generation, "here": self._database.server}
        row = await self._database.read(
            lambda connection: connection.execute(_FIND, names).one_or_none(), single=True
        )
        return None if row is None else GenerationRecord(**row._asdict(), storage=Storage.EPHEMERAL)

    async def find_all(self, owner: str) -> Sequence[GenerationRecord]:
        """All of an owner that other servers have or had, newest first."""
        names = {"owner": owner, "here": self._database.server}
        rows = await self._database.read(
            lambda connection: connection.execute(_NEWEST_FIRST, names).all(), single=True
        )
        return [GenerationRecord(**row._asdict(), storage=Storage.EPHEMERAL) for row in rows]
