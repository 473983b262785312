"""Bells between servers, by a real NOTIFY and a real PUBLISH."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from secrets import token_hex

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from headwater.app import running
from headwater.errors import UnavailableError
from headwater.ids import new_id
from headwater.live.bells import Bells
from headwater.live.ports import Channel
from headwater.live.postgresql.channel import PostgresqlChannel
from headwater.live.redis.channel import RedisChannel
from headwater.storage import database, redis, servers
from headwater.storage.connections import Pooler
from headwater.storage.database import open_database
from headwater.storage.redis import Script
from tests.postgresql import new_database
from tests.postgresql_proxy import proxied
from tests.valkey import ValkeyServer, redis_at, valkey_server

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


@pytest.fixture(params=["postgresql", "redis"])
def two_channels(request: pytest.FixtureRequest) -> AbstractAsyncContextManager[tuple[Channel, Channel]]:
    if request.param == "redis":
        return of_redis(request.getfixturevalue("valkey"))
    return of_postgresql(*map(request.getfixturevalue, ("postgresql_url", "postgresql_template")))


@asynccontextmanager
async def of_postgresql(server: URL, template: str) -> AsyncIterator[tuple[Channel, Channel]]:
    async with (
        new_database(server, template) as url,
        open_database(url) as first,
        open_database(url) as second,
    ):
        yield PostgresqlChannel(first), PostgresqlChannel(second)


@asynccontextmanager
async def of_redis(server: ValkeyServer) -> AsyncIterator[tuple[Channel, Channel]]:
    async with redis_at(server.url, name := token_hex(8)) as first, redis_at(server.url, name) as second:
        yield RedisChannel(first), RedisChannel(second)


@pytest.fixture
async def channels(
    two_channels: AbstractAsyncContextManager[tuple[Channel, Channel]],
) -> AsyncIterator[tuple[Channel, Channel]]:
    """The channels of two servers."""
    async with two_channels as channels:
        yield channels


@asynccontextmanager
async def heard_by(bells: Bells, restarts: int = 1) -> AsyncIterator[Hearing]:
    """What a server hears, which listens for as long as the block."""
    hearing = Hearing(bells)
    task = asyncio.create_task(bells.run())
    await hearing.until(restarts=restarts)
    yield hearing
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.fixture
async def bells(channels: tuple[Channel, Channel]) -> AsyncIterator[tuple[Bells, Hearing]]:
    """The bells of a server, and what another one hears."""
    async with heard_by(Bells(channels[1])) as hearing:
        yield Bells(channels[0]), hearing


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
    names = [new_id("gen") for _ in range(PostgresqlChannel.payload_bytes // 10)]
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
    monkeypatch.setattr("headwater.live.bells.PROBE_EVERY", 0.5)
    async with new_database(postgresql_url, postgresql_template) as url, open_database(url) as first:
        with proxied(url) as proxy:
            async with (
                open_database(proxy.url) as second,
                heard_by(bells := Bells(PostgresqlChannel(second))) as hearing,
            ):
                await bells._lines[0].own_heard.wait()
                proxy.lose_connections()
                await hearing.until(restarts=2)
                Bells(PostgresqlChannel(first)).ring("kind", "a")
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
            own = Bells(PostgresqlChannel(pooled))
            others = (Bells(PostgresqlChannel(each)) for each in (direct, other))
            async with heard_by(own) as hearing:
                for number, ringing in enumerate((*others, own), 1):
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


async def lose_a_bell(ringing: Bells, channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ring while the channel takes nothing."""
    with monkeypatch.context() as broken:
        broken.setattr(channel, "publish", fail)
        ringing.ring("kind", "lost")
        await ringing.rung()


async def test_bells_that_did_not_go_out_are_told_as_missed_by_the_next(
    bells: tuple[Bells, Hearing],
    channels: tuple[Channel, Channel],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ringing, hearing = bells
    await lose_a_bell(ringing, channels[0], monkeypatch)
    ringing.ring("kind", "next")
    await hearing.until(restarts=2, heard=1)
    assert hearing.heard == [("next",)]


async def test_bells_that_did_not_go_out_are_told_as_missed_once_a_channel_works_again(
    bells: tuple[Bells, Hearing],
    channels: tuple[Channel, Channel],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ringing, hearing = bells
    await lose_a_bell(ringing, channels[0], monkeypatch)
    async with heard_by(ringing):
        await hearing.until(restarts=2)
    assert hearing.heard == []


async def test_what_one_channel_does_not_take_goes_by_the_next(
    channels: tuple[Channel, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = RecordingChannel()
    async with heard_by(Bells(RecordingChannel(), channels[1]), restarts=2) as hearing:
        ringing = Bells(broken, channels[0])
        ringing.ring("kind", "by the first")
        await ringing.rung()
        monkeypatch.setattr(broken, "publish", fail)
        ringing.ring("kind", "by the second")
        await hearing.until(restarts=2, heard=1)
    assert [("by the first" in payload) for payload in broken.payloads] == [True]
    assert hearing.heard == [("by the second",)]


async def test_a_server_that_loses_one_of_its_channels_may_have_missed_bells(
    channels: tuple[Channel, Channel],
) -> None:
    first = RecordingChannel()
    async with heard_by(Bells(first, channels[1]), restarts=2) as hearing:
        first.lost.set()
        await hearing.until(restarts=3)


async def test_a_subscription_hears_while_its_channel_takes_no_writes(
    postgresql_url: URL, postgresql_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("BEAT", 0.02), ("RECOVERY_TIME", 0), ("TIMEOUT", PATIENCE)):
        monkeypatch.setattr(redis, name, value)
    monkeypatch.setattr("headwater.live.bells.RETRY_AFTER", 0.02)
    with valkey_server() as valkey:
        valkey.ask("CONFIG", "SET", "maxmemory", "1")
        async with (
            redis_at(valkey.url, "name") as own,
            redis_at(valkey.url, "name") as other,
            of_postgresql(postgresql_url, postgresql_template) as (postgresql, _),
        ):
            with pytest.raises(UnavailableError):
                await own.run(Script("return redis.call('SET', KEYS[1], '')"), [own.key("key")], [])
            by_redis = CountingChannel(own)
            async with running(own.keep()), heard_by(Bells(by_redis, postgresql), restarts=2) as hearing:
                Bells(RedisChannel(other)).ring("kind", "a")
                await hearing.until(restarts=3, heard=1)  # the others know that it may not hear them
                assert own.is_away
                valkey.ask("CONFIG", "SET", "maxmemory", "0")
                await hearing.until(restarts=4)
            assert (hearing.restarts, by_redis.subscriptions) == (4, 1)


async def test_who_does_not_hear_the_first_channel_is_rung_by_the_next(
    channels: tuple[Channel, Channel],
) -> None:
    ringing, deaf = Bells(RecordingChannel(), channels[0]), RecordingChannel()
    deaf.is_away = True
    async with heard_by(ringing, restarts=2), heard_by(Bells(deaf, channels[1]), restarts=3) as hearing:
        async with asyncio.timeout(PATIENCE):
            while not hearing.heard:
                ringing.ring("kind", "a")
                await ringing.rung()
    assert set(hearing.heard) == {("a",)}


class CountingChannel(RedisChannel):
    """Counts how often somebody began to listen."""

    subscriptions = 0

    @asynccontextmanager
    async def listening(self, heard: Callable[[str], None]) -> AsyncIterator[asyncio.Event]:
        self.subscriptions += 1
        async with super().listening(heard) as lost:
            yield lost


async def fail(_: Sequence[str]) -> None:
    raise UnavailableError("it does not answer")


class RecordingChannel:
    """Gives what is published to whoever listens to it."""

    payload_bytes = 1000
    silence = ""
    is_away = False

    def __init__(self) -> None:
        self.payloads: list[str] = []
        self.lost = asyncio.Event()
        self._heard: Callable[[str], None] | None = None

    async def publish(self, payloads: Sequence[str]) -> None:
        self.payloads += payloads
        for payload in payloads:
            if self._heard is not None:
                self._heard(payload)

    @asynccontextmanager
    async def listening(self, heard: Callable[[str], None]) -> AsyncIterator[asyncio.Event]:
        self._heard = heard
        yield self.lost
