"""Bells between servers on one PostgreSQL, by a real NOTIFY."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from headwater.ids import new_id
from headwater.live.postgresql.bells import PAYLOAD_BYTES, Bells
from headwater.storage import database, servers
from headwater.storage.connections import Pooler
from headwater.storage.database import Database, open_database, unavailable
from tests.postgresql import new_database
from tests.postgresql_proxy import proxied

PATIENCE = 20


class Hearing:
    """What bells a server hears, and how often it was told that it may have missed some."""

    def __init__(self, bells: Bells) -> None:
        self.heard: list[tuple[str, ...]] = []
        self.restarts = 0
        self._more = asyncio.Event()
        bells.on("kind", self._hear)
        bells.on_restart(self._restart)

    def _hear(self, words: tuple[str, ...]) -> None:
        self.heard.append(words)
        self._more.set()

    def _restart(self) -> None:
        self.restarts += 1
        self._more.set()

    async def until(self, restarts: int, heard: int = 0) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.restarts < restarts or len(self.heard) < heard:
                self._more.clear()
                await self._more.wait()


@pytest.fixture
async def databases(
    postgresql_url: URL, postgresql_template: str
) -> AsyncIterator[tuple[Database, Database]]:
    async with (
        new_database(postgresql_url, postgresql_template) as url,
        open_database(url) as first,
        open_database(url) as second,
    ):
        yield first, second


@pytest.fixture
async def bells(databases: tuple[Database, Database]) -> AsyncIterator[tuple[Bells, Hearing]]:
    """The bells of a server, and what another one hears."""
    ringing, heard = (Bells(database) for database in databases)
    async with listening(heard) as hearing:
        yield ringing, hearing


@asynccontextmanager
async def listening(bells: Bells) -> AsyncIterator[Hearing]:
    hearing = Hearing(bells)
    task = asyncio.create_task(bells.run())
    await hearing.until(restarts=1)
    yield hearing
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_bell_is_heard_by_others_once(bells: tuple[Bells, Hearing]) -> None:
    ringing, hearing = bells
    for words in (("a", "b"), ("c",), ("a", "b")):
        ringing.ring("kind", *words)
    ringing.ring("another kind", "d")
    await hearing.until(restarts=1, heard=2)
    assert hearing.heard == [("a", "b"), ("c",)]
    assert hearing.restarts == 1


async def test_more_bells_than_fit_into_a_payload_are_heard_too(bells: tuple[Bells, Hearing]) -> None:
    ringing, hearing = bells
    names = [new_id("gen") for _ in range(PAYLOAD_BYTES // 10)]
    for name in names:
        ringing.ring("kind", name)
    await hearing.until(restarts=1, heard=len(names))
    assert sorted(hearing.heard) == sorted((name,) for name in names)


async def test_a_connection_that_falls_silent_is_replaced(
    postgresql_url: URL,
    postgresql_template: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("headwater.live.postgresql.bells.PROBE_EVERY", 0.5)
    async with new_database(postgresql_url, postgresql_template) as url, open_database(url) as first:
        with proxied(url) as proxy:
            async with open_database(proxy.url) as second, listening(bells := Bells(second)) as hearing:
                await bells._own_heard.wait()
                proxy.lose_connections()
                await hearing.until(restarts=2)
                Bells(first).ring("kind", "a")
                await hearing.until(restarts=2, heard=1)
    assert "come through" not in caplog.text


async def test_who_cannot_listen_finds_bells_in_rows(
    postgresql_url: URL, postgresql_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "SURE_FOR", 1000)
    async with (
        new_database(postgresql_url, postgresql_template) as url,
        open_database(url) as direct,
    ):
        monkeypatch.setattr(database, "find_pooler", no_sessions)
        async with open_database(url, to_serve=True) as pooled, open_database(url, to_serve=True) as other:
            async with listening(own := Bells(pooled)) as hearing:
                for number, ringing in enumerate((Bells(direct), Bells(other), own), 1):
                    ringing.ring("kind", str(number))
                    await ringing.rung()
                await hearing.until(restarts=1, heard=2)
            count = text("SELECT count(*) FROM bells WHERE server = :server")
            left = await other.read(
                lambda connection: connection.execute(count, {"server": pooled.server}).scalar_one()
            )
    assert (hearing.heard, hearing.restarts, left) == ([("1",), ("2",)], 1, 0)


async def no_sessions(*_: object) -> Pooler:
    return Pooler.TRANSACTIONS


async def test_bells_that_did_not_go_out_are_told_as_missed_by_the_next(
    bells: tuple[Bells, Hearing],
    databases: tuple[Database, Database],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ringing, hearing = bells

    async def fail(_: Sequence[str]) -> None:
        raise unavailable("it does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(databases[0], "notify", fail)
        ringing.ring("kind", "lost")
        await ringing.rung()
    ringing.ring("kind", "next")
    await hearing.until(restarts=2, heard=1)
    assert hearing.heard == [("next",)]
