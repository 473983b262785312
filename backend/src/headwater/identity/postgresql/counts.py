"""Counts in PostgreSQL: see the function `count_start` in the migration 0010."""

import logging
from collections.abc import Collection, Mapping
from typing import Any

from asyncpg import Record
from sqlalchemy import TextClause, text
from sqlalchemy.exc import SQLAlchemyError

from headwater.errors import UnavailableError
from headwater.identity.counts import Counted, Start
from headwater.storage.database import Database
from headwater.storage.servers import FENCE

logger = logging.getLogger(__name__)

_COUNT = text("""
    SELECT held, is_counted, has_slot, full_in FROM count_start(
        CAST(:server AS text), CAST(:key AS text), CAST(:cost AS float8), CAST(:burst AS float8),
        CAST(:known AS float8), CAST(:slot AS bigint), CAST(:vacated AS bigint[]), CAST(:most AS integer))""")
_VACATE = text(f"""
    WITH held AS ({FENCE}), gone AS (
        DELETE FROM slots USING held WHERE server = held.name AND number = ANY(CAST(:slots AS bigint[]))
    )
    SELECT count(*) AS held FROM held""")  # noqa: S608
_PUBLISH = text(f"""
    WITH held AS ({FENCE}), gone AS (
        DELETE FROM slots USING held
        WHERE server = held.name AND number <= :last AND number <> ALL(CAST(:slots AS bigint[]))
    ), come AS (
        INSERT INTO slots (server, number, key)
        SELECT held.name, new.number, new.key
        FROM held, unnest(CAST(:slots AS bigint[]), CAST(:keys AS text[])) AS new(number, key)
        ON CONFLICT DO NOTHING
    ), full_ones AS (
        DELETE FROM buckets WHERE key IN (
            SELECT key FROM buckets
            WHERE full_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + make_interval(secs => :burst)
            FOR UPDATE SKIP LOCKED
        )
    )
    SELECT (SELECT count(*) FROM held) AS held,
        EXISTS (SELECT FROM buckets WHERE full_at >= clock_timestamp()) AS has_buckets""")  # noqa: S608


class PostgresqlCounts:
    """See `SharedCounts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def has_others(self) -> bool:
        """See `SharedCounts.has_others`."""
        return self._database.other_servers > 0

    async def count(self, start: Start) -> Counted:
        """See `SharedCounts.count`."""
        row = await self._execute(_COUNT, {name: getattr(start, name) for name in Start.__slots__})
        return Counted(row["is_counted"], row["has_slot"], row["full_in"])

    async def vacate(self, slots: Collection[int]) -> None:
        """See `SharedCounts.vacate`."""
        await self._execute(_VACATE, {"slots": list(slots)})

    async def publish(self, slots: Mapping[int, str], last: int, burst: float) -> bool:
        """See `SharedCounts.publish`."""
        state = {"slots": list(slots), "keys": list(slots.values()), "last": last, "burst": burst}
        return bool((await self._execute(_PUBLISH, state))["has_buckets"])

    async def _execute(self, statement: TextClause, parameters: Mapping[str, Any]) -> Record:
        try:
            return await self._database.execute(statement, parameters)
        except SQLAlchemyError as error:
            logger.exception("the servers could not count together; each counts alone")
            raise UnavailableError("The servers could not count together.") from error
