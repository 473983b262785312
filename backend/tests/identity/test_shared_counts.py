"""Limits of several servers on one PostgreSQL, each with a quota of its own; Redis may count for them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from typing import Any

import pytest
from quart_rate_limiter import RateLimit
from sqlalchemy import text
from sqlalchemy.engine import URL

from headwater.errors import RateLimitedError
from headwater.identity import quota
from headwater.identity.counts import Counted, SharedCounts, Start
from headwater.identity.fallback_counts import FallbackCounts
from headwater.identity.postgresql.counts import PostgresqlCounts
from headwater.identity.quota import Admission, Quota, Slot
from headwater.identity.redis.counts import SLOT_SECONDS, RedisCounts
from headwater.storage import redis, servers
from headwater.storage.database import Database, open_database
from headwater.storage.redis import Redis
from headwater.storage.uncancelled import END_TIMEOUT
from tests.postgresql import new_database
from tests.postgresql_proxy import proxied
from tests.valkey import ValkeyServer, redis_at

ADDRESS = "192.0.2.7"


@dataclass
class Place:
    """Where servers count: a database, and Redis if there is one."""

    url: URL
    valkey: ValkeyServer | None
    name: str

    @asynccontextmanager
    async def serving(self, starts: int = 1000, most: int = 8) -> AsyncIterator["Server"]:
        rate = RateLimit(starts, timedelta(hours=1))
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(open_database(self.url, to_serve=True))
            counts: SharedCounts = PostgresqlCounts(database)
            redis: Redis | None = None
            if self.valkey is not None:
                redis = await stack.enter_async_context(redis_at(self.valkey.url, self.name))
                counts = RedisCounts(redis, database)
            yield Server(database, redis, Quota(rate, 1000, most, counts))

    @asynccontextmanager
    async def two(self, starts: int = 1000, most: int = 8) -> AsyncIterator[tuple["Server", "Server"]]:
        async with self.serving(starts, most) as first, self.serving(starts, most) as second:
            await first.beat()
            await second.beat()
            yield first, second


@dataclass
class Server:
    """A server's database, its Redis if there is one, and its quota."""

    database: Database
    redis: Redis | None
    quota: Quota

    async def beat(self) -> None:
        """See how many others there are."""
        assert self.database._claim is not None
        await self.database._claim.verify()

    async def slot(self, key: str = ADDRESS) -> Slot:
        with await self.quota.count_start(key) as admission:
            return admission.keep()

    async def all_free(self) -> None:
        async with asyncio.timeout(30):
            while await self.occupied():
                pass

    async def publish(self) -> bool:
        assert self.quota._shared is not None
        return await self.quota._publish(self.quota._shared)

    async def occupied(self) -> list[tuple[str, int]]:
        """The slots of all servers: whose, and their numbers."""
        if self.redis is None:
            return [tuple(row) for row in await self.rows("SELECT server, number FROM slots")]
        found = []
        for key in await self.ask("KEYS", self.redis.key("slots", "*")):
            for member in await self.ask("ZRANGE", key.decode(), "0", "-1"):
                server, _, number = member.decode().rpartition("/")
                found.append((server, int(number)))
        return found

    async def lose_slots(self) -> None:
        """Have what is occupied forgotten."""
        if self.redis is None:
            await self.rows("WITH lost AS (DELETE FROM slots RETURNING 1) SELECT 1 FROM lost")
        else:
            await self.ask("FLUSHALL")

    async def lose_touch(self) -> None:
        """Make it count alone."""
        if self.redis is None:
            await self.database.close()
        else:
            self.redis.is_away = True

    async def ask(self, *command: str) -> Any:
        """What Redis answers."""
        assert self.redis is not None
        return await self.redis._client.execute_command(*command)

    async def rows(self, statement: str) -> list[Any]:
        return await self.database.write(lambda connection: list(connection.execute(text(statement))))


@pytest.fixture(autouse=True)
def slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server beats here by itself, and none gives up."""
    monkeypatch.setattr(servers, "SURE_FOR", 1000)
    monkeypatch.setattr(quota, "COUNT_TIMEOUT", 100)
    monkeypatch.setattr(redis, "TIMEOUT", 100)


@pytest.fixture
async def url(postgresql_url: URL, postgresql_template: str) -> AsyncIterator[URL]:
    async with new_database(postgresql_url, postgresql_template) as url:
        yield url


@pytest.fixture
def on_postgresql(url: URL) -> Place:
    return Place(url, None, "")


@pytest.fixture
def on_redis(url: URL, valkey: ValkeyServer) -> Place:
    return Place(url, valkey, token_hex(8))


@pytest.fixture(params=["on_postgresql", "on_redis"])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


async def test_starts_on_several_servers_at_once_are_counted_once_each(place: Place) -> None:
    async with place.two(starts=7) as both:

        async def start(server: Server) -> bool:
            with suppress(RateLimitedError):
                await server.quota.count_start(ADDRESS)
                return True
            return False

        assert sum(await asyncio.gather(*(start(server) for server in both * 10))) == 7
        for server in both:
            with pytest.raises(RateLimitedError) as refused:
                await server.quota.count_start(ADDRESS)
            assert refused.value.retry_after is not None
            assert 400 < refused.value.retry_after <= 515
            state = server.quota.rate_state(ADDRESS)
            assert (state.limit, state.remaining) == (7, 0)
            assert 3500 < state.reset <= 3600
            await server.quota.count_start("somebody else")


async def test_limits_heal_after_the_clock_of_the_database_was_put_back(on_postgresql: Place) -> None:
    async with on_postgresql.two(starts=10) as (first, second):
        await first.quota.count_start(ADDRESS)
        later = text("UPDATE buckets SET full_at = full_at + interval '1 day'")
        await first.database.write(lambda connection: connection.execute(later).close())
        with pytest.raises(RateLimitedError):
            await second.quota.count_start(ADDRESS)
        assert second.quota.rate_state(ADDRESS).reset <= 3601
        await second.publish()
        await first.quota.count_start(ADDRESS)


async def test_what_is_left_of_the_rate_is_told_as_all_servers_count_it(place: Place) -> None:
    async with place.two(starts=10) as (first, second):
        for _ in range(3):
            await first.quota.count_start(ADDRESS)
        await second.quota.count_start(ADDRESS)
        assert second.quota.rate_state(ADDRESS).remaining == 6


async def test_replies_on_several_servers_at_once_take_the_slots_that_there_are(place: Place) -> None:
    async with place.two(most=5) as (first, second):

        async def occupy(server: Server) -> Slot | None:
            with suppress(RateLimitedError):
                return await server.slot()
            return None

        slots = [slot for slot in await asyncio.gather(*map(occupy, (first, second) * 8)) if slot]
        assert len(slots) == 5
        assert len(await first.occupied()) == 5
        with pytest.raises(RateLimitedError, match="5 of your replies"):
            await second.slot()
        async with running(first), running(second):
            for slot in slots:
                slot.release()
            await first.all_free()
            for _ in range(5):
                await second.slot()


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[None]:
    task = asyncio.create_task(server.quota.run())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_slot_is_free_on_its_own_server_before_the_others_know(place: Place) -> None:
    async with place.two(most=1) as (first, second):
        for _ in range(3):
            (await first.slot()).release()
        await first.slot()
        with pytest.raises(RateLimitedError):
            await second.slot()


async def test_starts_of_one_server_that_overtake_each_other_take_no_slot_too_many(place: Place) -> None:
    async with place.two(most=3) as (first, second):
        shared = first.quota._shared
        assert shared is not None
        count, asked, gate = shared.count, asyncio.Event(), asyncio.Event()

        async def late(start: Start) -> Counted:
            if start.slot == 1:
                asked.set()
                await gate.wait()
            return await count(start)

        shared.count = late  # type: ignore[method-assign]
        waiting = asyncio.create_task(first.slot())
        await asked.wait()
        await first.slot()
        for _ in range(2):
            await second.slot()
        gate.set()
        with pytest.raises(RateLimitedError, match="3 of your replies"):
            await waiting


async def test_an_admission_that_nobody_keeps_frees_its_slot(place: Place) -> None:
    async with place.two(most=1) as (first, second), running(first):
        with await first.quota.count_start(ADDRESS):
            pass
        await first.all_free()
        await second.slot()


async def test_the_slots_of_a_server_that_is_gone_are_free(on_postgresql: Place) -> None:
    async with on_postgresql.serving(most=2) as second, AsyncExitStack() as life:
        first = await life.enter_async_context(on_postgresql.serving(most=2))
        for server in (first, second):
            await server.beat()
        await first.slot()
        await first.slot()
        with pytest.raises(RateLimitedError):
            await second.slot()
        await second.rows("SELECT 1")
        await life.aclose()
        await second.slot()
        await second.slot()
        assert second.database.other_servers == 1, "it has not even noticed yet"


async def test_what_ran_and_was_started_alone_counts_once_there_are_others(place: Place) -> None:
    async with place.serving(starts=10, most=3) as first:
        await first.beat()
        for _ in range(3):
            await first.slot()
        async with place.serving(starts=10, most=3) as second:
            await first.beat()
            await second.beat()
            await first.publish()
            with pytest.raises(RateLimitedError, match="3 of your replies"):
                await second.slot()
            assert len(await first.occupied()) == 3
            with pytest.raises(RateLimitedError, match="3 of your replies"):
                await first.slot()
            # Four starts there, and one here, which was made up for by less than a start meanwhile.
            assert second.quota.rate_state(ADDRESS).remaining == 9
            await second.quota.count_start(ADDRESS)
            assert second.quota.rate_state(ADDRESS).remaining == 5
        await first.beat()
        await first.publish()
        assert await first.occupied() == []


async def test_slots_that_nobody_publishes_are_free_in_redis_after_a_while(on_redis: Place) -> None:
    async with on_redis.two(most=2) as (first, second):
        for _ in range(2):
            await first.slot()
        assert first.redis is not None
        [key] = await first.ask("KEYS", first.redis.key("slots", "*"))
        assert 0 < await first.ask("PTTL", key) <= SLOT_SECONDS * 1000
        with pytest.raises(RateLimitedError):
            await second.slot()
        for server, number in await first.occupied():
            await first.ask("ZADD", key, "1", f"{server}/{number}")
        await second.slot()
        await first.publish()
        with pytest.raises(RateLimitedError):
            await second.slot()


async def test_what_was_lost_is_put_right(place: Place) -> None:
    async with place.two() as (first, second):
        await first.slot()
        await first.lose_slots()
        other = await second.slot()
        await first.publish()
        assert sorted(await first.occupied()) == sorted(
            [(first.database.server, 1), (second.database.server, 1)]
        )
        other.release()


async def test_what_is_left_over_is_put_right(place: Place) -> None:
    async with place.two(most=1) as (first, second):
        slot = await first.slot()
        with pytest.MonkeyPatch.context() as without_news:
            without_news.setattr(first.quota, "_shared", None)
            slot.release()
        with pytest.raises(RateLimitedError):
            await second.slot()
        await first.publish()
        await second.slot()


async def test_a_bucket_is_removed_when_it_is_full_and_names_nobody(on_postgresql: Place) -> None:
    async with on_postgresql.two() as (first, second):
        await first.quota.count_start(ADDRESS)
        ((key, is_filling),) = await first.rows("SELECT key, full_at > now() FROM buckets")
        assert (len(key), ADDRESS in key, is_filling) == (32, False, True)
        assert await second.publish()
        past = text("UPDATE buckets SET full_at = now() - interval '1 ms'")
        await first.database.write(lambda connection: connection.execute(past))
        assert not await second.publish()
        assert await first.rows("SELECT * FROM buckets") == []


async def test_a_bucket_in_redis_expires_when_it_is_full_and_names_nobody(on_redis: Place) -> None:
    async with on_redis.two(starts=10) as (first, _):
        await first.quota.count_start(ADDRESS)
        assert first.redis is not None
        [key] = await first.ask("KEYS", first.redis.key("bucket", "*"))
        assert ADDRESS not in key.decode()
        # A start is made up for in 360 seconds.
        assert 300_000 < await first.ask("PTTL", key) <= 360_000


async def test_a_server_out_of_touch_counts_in_memory(place: Place) -> None:
    async with place.two(starts=3, most=2) as (first, _):
        await first.quota.count_start(ADDRESS)
        await first.lose_touch()
        await first.slot()
        with pytest.raises(RateLimitedError, match="too fast"):
            for _ in range(2):
                await first.quota.count_start(ADDRESS)


async def test_round_trips_of_a_start(on_postgresql: Place) -> None:
    with proxied(on_postgresql.url) as proxy:
        async with Place(proxy.url, None, "").serving() as first:

            async def cost() -> int:
                before = proxy.round_trips
                with await first.quota.count_start(ADDRESS) as admission:
                    assert isinstance(admission, Admission)
                    admission.keep()
                return proxy.round_trips - before

            await first.beat()
            assert await cost() == 0
            async with on_postgresql.serving():
                await first.beat()
                await cost()  # prepares the statement
                assert await cost() == 1


async def test_a_start_does_not_wait_for_a_count_that_is_not_answered(
    on_postgresql: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxied(on_postgresql.url) as proxy:
        through = Place(proxy.url, None, "")
        async with through.serving(most=1) as first, on_postgresql.serving() as second:
            await first.beat()
            await second.slot()
            proxy.be_silent()
            monkeypatch.setattr(quota, "COUNT_TIMEOUT", 0.1)
            async with asyncio.timeout(END_TIMEOUT):
                await first.slot()
            proxy.speak()


async def test_a_start_is_one_command_of_redis(on_redis: Place) -> None:
    async with on_redis.two() as (first, _):
        await first.ask("SCRIPT", "FLUSH")
        for _ in range(3):
            await first.slot()
        await first.ask("CONFIG", "RESETSTAT")
        await first.slot()
        commands = await first.ask("INFO", "commandstats")
        assert {name for name in commands if name in {"cmdstat_evalsha", "cmdstat_eval"}} == {
            "cmdstat_evalsha"
        }
        assert commands["cmdstat_evalsha"]["calls"] == 1


async def test_a_step_that_fails_is_logged_and_a_start_counts_in_memory(
    on_postgresql: Place, caplog: pytest.LogCaptureFixture
) -> None:
    async with on_postgresql.two(most=1) as (first, _):
        await first.database.write(lambda connection: connection.execute(text("DROP TABLE buckets")))
        await first.slot()
        assert "could not count together" in caplog.text
        with pytest.raises(RateLimitedError, match="1 of your replies"):
            await first.slot()


async def test_while_redis_is_away_postgresql_counts(on_redis: Place) -> None:
    async with on_redis.two(most=2) as both:
        first, second = both
        for server in both:
            assert server.quota._shared is not None
            server.quota._shared = FallbackCounts(server.quota._shared, PostgresqlCounts(server.database))
            await server.publish()
            await server.lose_touch()
        slots = [await first.slot(), await second.slot()]
        assert sorted(await first.rows("SELECT number FROM slots")) == [(1,), (1,)]
        with pytest.raises(RateLimitedError, match="2 of your replies"):
            await first.slot()
        for server in both:
            assert server.redis is not None
            server.redis.is_away = False
            await server.publish()
        assert await first.rows("SELECT * FROM slots") == []
        assert len(await first.occupied()) == 2
        with pytest.raises(RateLimitedError, match="2 of your replies"):
            await first.slot()
        for slot in slots:
            slot.release()
