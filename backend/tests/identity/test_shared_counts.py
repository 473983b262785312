"""Limits of several servers on one PostgreSQL, each with a quota of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from quart_rate_limiter import RateLimit
from sqlalchemy import text
from sqlalchemy.engine import URL

from headwater.errors import RateLimitedError
from headwater.identity import quota
from headwater.identity.counts import Counted, Start
from headwater.identity.postgresql.counts import PostgresqlCounts
from headwater.identity.quota import Admission, Quota, Slot
from headwater.storage import servers
from headwater.storage.database import Database, open_database
from headwater.storage.uncancelled import END_TIMEOUT
from tests.postgresql import new_database
from tests.postgresql_proxy import proxied

ADDRESS = "192.0.2.7"


@dataclass
class Server:
    """A server's database and its quota."""

    database: Database
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
            while await self.rows("SELECT * FROM slots"):
                pass

    async def publish(self) -> bool:
        assert self.quota._shared is not None
        return await self.quota._publish(self.quota._shared)

    async def rows(self, statement: str) -> list[Any]:
        return await self.database.read(lambda connection: list(connection.execute(text(statement))))


@asynccontextmanager
async def serving(url: URL, starts: int = 1000, most: int = 8) -> AsyncIterator[Server]:
    async with open_database(url, to_serve=True) as database:
        rate = RateLimit(starts, timedelta(hours=1))
        yield Server(database, Quota(rate, 1000, most, PostgresqlCounts(database)))


@asynccontextmanager
async def two(url: URL, starts: int = 1000, most: int = 8) -> AsyncIterator[tuple[Server, Server]]:
    async with serving(url, starts, most) as first, serving(url, starts, most) as second:
        await first.beat()
        await second.beat()
        yield first, second


@pytest.fixture(autouse=True)
def slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server beats here by itself, and none gives up."""
    monkeypatch.setattr(servers, "SURE_FOR", 1000)
    monkeypatch.setattr(quota, "COUNT_TIMEOUT", 100)


@pytest.fixture
async def url(postgresql_url: URL, postgresql_template: str) -> AsyncIterator[URL]:
    async with new_database(postgresql_url, postgresql_template) as url:
        yield url


async def test_starts_on_several_servers_at_once_are_counted_once_each(url: URL) -> None:
    async with two(url, starts=7) as both:

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


async def test_limits_heal_after_the_clock_of_the_database_was_put_back(url: URL) -> None:
    async with two(url, starts=10) as (first, second):
        await first.quota.count_start(ADDRESS)
        later = text("UPDATE buckets SET full_at = full_at + interval '1 day'")
        await first.database.write(lambda connection: connection.execute(later).close())
        with pytest.raises(RateLimitedError):
            await second.quota.count_start(ADDRESS)
        assert second.quota.rate_state(ADDRESS).reset <= 3601
        await second.publish()
        await first.quota.count_start(ADDRESS)


async def test_what_is_left_of_the_rate_is_told_as_all_servers_count_it(url: URL) -> None:
    async with two(url, starts=10) as (first, second):
        for _ in range(3):
            await first.quota.count_start(ADDRESS)
        await second.quota.count_start(ADDRESS)
        assert second.quota.rate_state(ADDRESS).remaining == 6


async def test_replies_on_several_servers_at_once_take_the_slots_that_there_are(url: URL) -> None:
    async with two(url, most=5) as (first, second):

        async def occupy(server: Server) -> Slot | None:
            with suppress(RateLimitedError):
                return await server.slot()
            return None

        slots = [slot for slot in await asyncio.gather(*map(occupy, (first, second) * 8)) if slot]
        assert len(slots) == 5
        assert await first.rows("SELECT count(*) FROM slots") == [(5,)]
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


async def test_a_slot_is_free_on_its_own_server_before_the_others_know(url: URL) -> None:
    async with two(url, most=1) as (first, second):
        for _ in range(3):
            (await first.slot()).release()
        await first.slot()
        with pytest.raises(RateLimitedError):
            await second.slot()


async def test_starts_of_one_server_that_overtake_each_other_take_no_slot_too_many(url: URL) -> None:
    async with two(url, most=3) as (first, second):
        shared = first.quota._shared
        assert isinstance(shared, PostgresqlCounts)
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


async def test_an_admission_that_nobody_keeps_frees_its_slot(url: URL) -> None:
    async with two(url, most=1) as (first, second), running(first):
        with await first.quota.count_start(ADDRESS):
            pass
        await first.all_free()
        await second.slot()


async def test_the_slots_of_a_server_that_is_gone_are_free(url: URL) -> None:
    async with serving(url, most=2) as second, AsyncExitStack() as life:
        first = await life.enter_async_context(serving(url, most=2))
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


async def test_what_ran_and_was_started_alone_counts_once_there_are_others(url: URL) -> None:
    async with serving(url, starts=10, most=3) as first:
        await first.beat()
        for _ in range(3):
            await first.slot()
        async with serving(url, starts=10, most=3) as second:
            await first.beat()
            await second.beat()
            await first.publish()
            with pytest.raises(RateLimitedError, match="3 of your replies"):
                await second.slot()
            assert len(await first.rows("SELECT * FROM slots")) == 3
            with pytest.raises(RateLimitedError, match="3 of your replies"):
                await first.slot()
            # Four starts there, and one here, which was made up for by less than a start meanwhile.
            assert second.quota.rate_state(ADDRESS).remaining == 9
            await second.quota.count_start(ADDRESS)
            assert second.quota.rate_state(ADDRESS).remaining == 5
        await first.beat()
        await first.publish()
        assert await first.rows("SELECT * FROM slots") == []


async def test_what_was_lost_or_is_left_over_is_put_right(url: URL) -> None:
    async with two(url) as (first, second):
        await first.slot()
        own = first.database.server
        await first.database.write(lambda connection: connection.execute(text("DELETE FROM slots")))
        leftover = text(f"INSERT INTO slots VALUES ('{own}', 0, 'left over')")
        await first.database.write(lambda connection: connection.execute(leftover))
        other = await second.slot()
        await first.publish()
        rows = await first.rows(f"SELECT number FROM slots WHERE server = '{own}'")
        assert rows == [(1,)]
        assert len(await first.rows("SELECT * FROM slots")) == 2
        other.release()


async def test_a_bucket_is_removed_when_it_is_full_and_names_nobody(url: URL) -> None:
    async with two(url) as (first, second):
        await first.quota.count_start(ADDRESS)
        ((key, is_filling),) = await first.rows("SELECT key, full_at > now() FROM buckets")
        assert (len(key), ADDRESS in key, is_filling) == (32, False, True)
        assert await second.publish()
        past = text("UPDATE buckets SET full_at = now() - interval '1 ms'")
        await first.database.write(lambda connection: connection.execute(past))
        assert not await second.publish()
        assert await first.rows("SELECT * FROM buckets") == []


async def test_a_server_without_its_database_counts_in_memory(url: URL) -> None:
    async with two(url, starts=3, most=2) as (first, _):
        await first.quota.count_start(ADDRESS)
        await first.database.close()
        await first.slot()
        with pytest.raises(RateLimitedError, match="too fast"):
            for _ in range(2):
                await first.quota.count_start(ADDRESS)


async def test_round_trips_of_a_start(url: URL) -> None:
    with proxied(url) as proxy:
        async with serving(proxy.url) as first:

            async def cost() -> int:
                before = proxy.round_trips
                with await first.quota.count_start(ADDRESS) as admission:
                    assert isinstance(admission, Admission)
                    admission.keep()
                return proxy.round_trips - before

            await first.beat()
            assert await cost() == 0
            async with serving(url):
                await first.beat()
                await cost()  # prepares the statement
                assert await cost() == 1


async def test_a_start_does_not_wait_for_a_count_that_is_not_answered(
    url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxied(url) as proxy:
        async with serving(proxy.url, most=1) as first, serving(url) as second:
            await first.beat()
            await second.slot()
            proxy.be_silent()
            monkeypatch.setattr(quota, "COUNT_TIMEOUT", 0.1)
            async with asyncio.timeout(END_TIMEOUT):
                await first.slot()
            proxy.speak()


async def test_a_step_that_fails_is_logged_and_a_start_counts_in_memory(
    url: URL, caplog: pytest.LogCaptureFixture
) -> None:
    async with two(url, most=1) as (first, _):
        await first.database.write(lambda connection: connection.execute(text("DROP TABLE buckets")))
        await first.slot()
        assert "could not count together" in caplog.text
        with pytest.raises(RateLimitedError, match="1 of your replies"):
            await first.slot()
