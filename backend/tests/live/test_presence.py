"""Readers on one server of a reply that another one runs."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from headwater.live.bells import Bells
from headwater.live.postgresql import presence
from headwater.live.postgresql.channel import PostgresqlChannel
from headwater.live.postgresql.presence import SharedPresence
from headwater.storage import servers
from headwater.storage.database import Database, open_database
from tests.postgresql import new_database

GENERATION = "gen_0123456789012345678901"


@pytest.fixture
async def databases(
    postgresql_url: URL, postgresql_template: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Database, Database]]:
    """Two servers, which do not beat."""
    monkeypatch.setattr(servers, "SURE_FOR", 1000)
    async with (
        new_database(postgresql_url, postgresql_template) as url,
        open_database(url, to_serve=True) as first,
        open_database(url, to_serve=True) as second,
    ):
        assert first._claim is not None
        await first._claim.verify()
        yield first, second


async def noted(database: Database) -> int:
    count = text("SELECT count(*) FROM readers")
    return await database.read(lambda connection: connection.scalars(count).one())


async def test_polls_that_follow_each_other_are_one_reader(
    databases: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, here = (SharedPresence(database, Bells(PostgresqlChannel(database))) for database in databases)
    counts: list[int] = []
    owner.listen(GENERATION, counts.append)
    for _ in range(3):
        with here.reading(GENERATION):
            await here._look()
            await owner._look()
        await here._look()
        await owner._look()
    assert counts == [1]
    monkeypatch.setattr(presence, "LINGER", 0)
    with here.reading(GENERATION):
        pass
    await here._look()
    await owner._look()
    assert counts == [1, 0]


async def test_a_note_that_came_too_late_does_not_stay(
    databases: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, _ = databases
    here = SharedPresence(database, Bells(PostgresqlChannel(database)))
    await here._look()
    late = text("INSERT INTO readers (generation, server) VALUES (:generation, :server)")
    row = {"generation": GENERATION, "server": database.server}
    await database.write(lambda connection: connection.execute(late, row).close())
    await here._look()
    assert await noted(database) == 1  # most looks note nothing
    monkeypatch.setattr(presence, "NOTE_EVERY", 0)
    here._note_due = 0
    await here._look()
    assert await noted(database) == 0
