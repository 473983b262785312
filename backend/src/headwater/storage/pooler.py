"""Finds out whether a pooler such as PgBouncer stands before PostgreSQL, and what it pools.

In **transaction mode**, each transaction may get another session. So nothing may be left in one: no prepared
statement, no setting, no LISTEN. Nor do sessions tell whether the server lives that they seem to belong to.
"""

import asyncio
from contextlib import suppress
from secrets import token_hex

from sqlalchemy import NullPool, text
from sqlalchemy.engine import URL

from headwater.storage.connections import ANSWER_TIMEOUT, Pooler, connections, driver_of

LISTEN_TIMEOUT = 5.0
"""Seconds in which a notification arrives, if it does."""

_NOTIFY = text("SELECT pg_backend_pid() FROM pg_notify(:channel, '')")


async def find_pooler(url: URL, name: str) -> Pooler:
    """Connect, and look what answers."""
    engine = connections(
        url, name, ANSWER_TIMEOUT, Pooler.TRANSACTIONS, poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    async with engine.connect() as listening:
        driver = await driver_of(listening)
        session = await listening.scalar(text("SELECT pg_backend_pid()"))
        if session == driver.get_server_pid():  # which a pooler makes up
            return Pooler.NONE
        channel, heard = f"pooler_{token_hex(8)}", asyncio.Event()
        await driver.add_listener(channel, lambda *_: heard.set())
        async with engine.connect() as notifying:
            if await notifying.scalar(_NOTIFY, {"channel": channel}) == session:
                return Pooler.TRANSACTIONS
        with suppress(TimeoutError):
            async with asyncio.timeout(LISTEN_TIMEOUT):
                await heard.wait()
        return Pooler.SESSIONS if heard.is_set() else Pooler.TRANSACTIONS
