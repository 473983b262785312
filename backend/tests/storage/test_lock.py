import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.util import await_only

from headwater.errors import UnavailableError
from headwater.storage import lock
from headwater.storage.database import DatabaseError, open_database, sqlite_url
from headwater.storage.outage import OUTAGES
from tests.postgresql import new_database
from tests.running import RunningServer


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "LOCK_TIMEOUT", 0.05)


async def test_a_database_is_one_servers_at_a_time(database_url: URL) -> None:
    async with open_database(database_url, to_serve=True):
        with pytest.raises(DatabaseError, match="another Headwater server works on this database"):
            async with open_database(database_url, to_serve=True):
                pass
        async with open_database(database_url):
            pass  # whoever only looks is not kept away
    async with open_database(database_url, to_serve=True):
        pass


async def test_a_server_that_was_killed_has_given_its_database_up(tmp_path: Path) -> None:
    server = RunningServer(tmp_path).wait_until_ready()
    url = sqlite_url(tmp_path / "data" / "headwater.db")
    with pytest.raises(DatabaseError, match="another Headwater server"):
        async with open_database(url, to_serve=True):
            pass
    server.process.kill()
    server.process.wait()
    async with open_database(url, to_serve=True):
        pass
    server.stop()


@pytest.fixture
async def postgresql_database(postgresql_url: URL, postgresql_template: str) -> AsyncIterator[URL]:
    async with new_database(postgresql_url, postgresql_template) as url:
        yield url


@asynccontextmanager
async def other_session(url: URL) -> AsyncIterator[asyncpg.Connection]:
    session = await asyncpg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        yield session
    finally:
        await session.close()


def arguments(name: str) -> dict[str, Any]:
    return {"server_settings": {"application_name": f"headwater {name}"}}


async def locked(url: URL, name: str) -> lock.DatabaseLock:
    held = await lock.lock(url, arguments(name))
    await held.claim()
    return held


async def end_sessions(url: URL, name: str) -> None:
    """As a restart does."""
    async with other_session(url) as session:
        await session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
            f"headwater {name}",
        )
        while await session.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", f"headwater {name}"
        ):
            pass


async def verified(held: lock.DatabaseLock) -> None:
    """Verify it, after what ended sessions raise."""
    while True:
        try:
            await held.verify()
        except OUTAGES:
            continue
        else:
            return


async def test_a_holder_that_lost_its_sessions_keeps_the_database_when_it_comes_back_in_time(
    postgresql_database: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "GRACE", 60)
    first = await locked(postgresql_database, "first")
    await end_sessions(postgresql_database, "first")
    second = asyncio.create_task(lock.lock(postgresql_database, arguments("second")))
    async with other_session(postgresql_database) as session, asyncio.timeout(20):
        while not await session.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"):
            pass
        await verified(first)
        with pytest.raises(lock.LockedError):
            await second
    await first.verify()
    await first.release()


async def test_who_was_replaced_knows_it(postgresql_database: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "GRACE", 0.1)
    first = await locked(postgresql_database, "first")
    await end_sessions(postgresql_database, "first")
    second = await locked(postgresql_database, "second")
    with pytest.raises(lock.LockedError):
        await verified(first)
    assert not first.is_sure
    await first.release()
    await second.verify()
    assert second.is_sure
    await second.release()


async def test_nobody_writes_whose_database_is_somebody_elses(postgresql_database: URL) -> None:
    async with open_database(postgresql_database, to_serve=True) as database:
        async with other_session(postgresql_database) as other:
            await other.execute("SET lock_timeout = '100ms'")

            def work(_: Connection) -> None:
                with pytest.raises(asyncpg.LockNotAvailableError):
                    await_only(other.execute("UPDATE lock_holder SET holder = 'other'"))

            await database.write(work)
            await other.execute("UPDATE lock_holder SET holder = 'other'")
        with pytest.raises(UnavailableError, match="taken it over"):
            await database.write(lambda _: pytest.fail("a transaction of a server that was replaced"))
