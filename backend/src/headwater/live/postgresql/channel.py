"""PostgreSQL as a channel of bells: NOTIFY, and rows for servers behind a pooler in transaction mode."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError

from headwater.errors import UnavailableError
from headwater.storage.database import Database
from headwater.storage.outage import OUTAGES


class PostgresqlChannel:
    """See `Channel`."""

    payload_bytes = 7_900
    silence = "notifications of PostgreSQL do not come through, so other servers' replies arrive late"

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def is_away(self) -> bool:
        return self._database.outage is not None

    async def publish(self, payloads: Sequence[str]) -> None:
        try:
            await self._database.notify(payloads)
        except SQLAlchemyError as error:
            raise UnavailableError("The notifications did not go out.") from error

    @asynccontextmanager
    async def listening(self, heard: Callable[[str], None]) -> AsyncIterator[asyncio.Event]:
        try:
            async with self._database.listening(heard) as lost:
                yield lost
        except OUTAGES as error:
            raise UnavailableError("Nobody can listen to notifications.") from error
