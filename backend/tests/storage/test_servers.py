import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.util import await_only

from headwater.errors import UnavailableError
from headwater.generation.kinds.text import Text, text_of
from headwater.generation.log import Piece
from headwater.storage import replies, servers
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import DatabaseError, open_database
from headwater.storage.lock import LockedError
from headwater.storage.outage import OUTAGES
from headwater.storage.replies import ReplyRepository
from headwater.storage.servers import POOLED, ServerRow
from tests.postgresql import new_database
from tests.postgresql_proxy import proxied
from tests.storage.trees import begun, orphans_closed

SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1"


@pytest.fixture
async def url(postgresql_url: URL, postgresql_template: str) -> AsyncIterator[URL]:
    async with new_database(postgresql_url, postgresql_template) as url:
        yield url


@asynccontextmanager
async def session(url: URL, name: str = "a test") -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(
        url.set(drivername="postgresql").render_as_string(hide_password=False),
        server_settings={"application_name": name},
    )
    try:
        yield opened
    finally:
        await opened.close()


@asynccontextmanager
async def joined(url: URL, name: str) -> AsyncIterator[ServerRow]:
    row = ServerRow(url, name)
    await row.join()
    try:
        yield row
    finally:
        await row.release()


async def verified(row: ServerRow) -> None:
    """Verify it, after what ended sessions raise."""
    while True:
        try:
            await row.verify()
        except OUTAGES:
            continue
        else:
            return


async def end_sessions(url: URL, name: str) -> None:
    """As a restart of PostgreSQL does, or the end of a process."""
    async with session(url) as other:
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", name
        )
        while await other.fetchval(SESSIONS, name):
            pass


async def test_a_beat_does_not_wait_long_for_a_connection(url: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    async with joined(url, "here") as row:
        await end_sessions(url, "here")
        with pytest.raises(OUTAGES):
            await row.verify()
        with monkeypatch.context() as patched:
            patched.setattr(servers, "CONNECT_TIMEOUT", 0.1)
            patched.setattr(asyncpg.Connection, "set_type_codec", never)  # which asks the new session
            with pytest.raises(TimeoutError):
                await row.verify()
        await verified(row)


async def never(*_: object, **__: object) -> None:
    await asyncio.Event().wait()


async def names(url: URL) -> set[str]:
    async with session(url) as other:
        return {row["name"] for row in await other.fetch("SELECT name FROM servers WHERE name <> ''")}


async def test_servers_work_side_by_side(url: URL) -> None:
    async with joined(url, "first") as first, joined(url, "second") as second:
        for row in (first, second):
            await row.verify()
            assert row.is_sure
            assert row.others == 1
        assert await names(url) == {"first", "second"}
    assert await names(url) == set()


async def test_a_server_without_sessions_is_removed_and_knows_it(
    url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "GRACE", 0.1)
    async with joined(url, "first") as first, joined(url, "second") as second:
        await end_sessions(url, "first")
        async with asyncio.timeout(20):
            while "first" in await names(url):
                await second.verify()
        with pytest.raises(LockedError):
            await verified(first)
        assert not first.is_sure
        assert second.is_sure


async def test_a_server_that_comes_back_in_time_stays(url: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "GRACE", 60)
    async with joined(url, "first") as first, joined(url, "second") as second:
        await end_sessions(url, "first")
        await second.verify()
        await verified(first)
        assert first.is_sure


async def test_a_paused_server_is_removed_after_its_lease_though_it_has_sessions(
    url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "GRACE", 0.1)
    monkeypatch.setattr(servers, "LEASE", 0.5)
    async with joined(url, "first") as first, joined(url, "second") as second:
        async with asyncio.timeout(20):
            while "first" in await names(url):
                await second.verify()
        with pytest.raises(LockedError):
            await first.verify()


async def test_a_server_that_was_out_of_reach_stays_though_it_gave_up_its_silent_session(
    url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "GRACE", 0.1)
    monkeypatch.setattr(servers, "SURE_FOR", 0.5)
    with proxied(url) as proxy:
        async with joined(proxy.url, "first") as first, joined(url, "second") as second:
            await first.verify()
            proxy.be_silent()
            with pytest.raises(TimeoutError):
                await first.verify()
            proxy.speak()
            for _ in range(20):
                await second.verify()
            assert await names(url) == {"first", "second"}
            await verified(first)
            async with session(url) as other:
                while await other.fetchval(SESSIONS, "first") != 1:
                    pass


class Clock:
    """The clock of a server, which no administrator can set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(servers, "_now", lambda: self.now)

    async def let_pass(self, seconds: float, *rows: ServerRow) -> None:
        """Let these servers beat meanwhile."""
        until = self.now + seconds
        while self.now < until:
            self.now += servers.BEAT
            for row in rows:
                await row.verify()


@pytest.mark.parametrize("step", ["-1 hour", "1 hour"])
async def test_the_clock_of_the_database_is_put_forward_or_back(
    url: URL, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    clock = Clock(monkeypatch)
    async with joined(url, "first") as first, joined(url, "second") as second:
        await clock.let_pass(servers.GRACE, first, second)
        await end_sessions(url, "first")
        async with session(url) as other:
            await other.execute(f"UPDATE servers SET seen_at = seen_at + interval '{step}'")
        await clock.let_pass(servers.GRACE - servers.BEAT, second)
        assert await names(url) == {"first", "second"}  # it beats, as far as the second one can know
        await clock.let_pass(2 * servers.BEAT, second)
        assert await names(url) == {"second"}
        with pytest.raises(LockedError):
            await verified(first)


async def test_nobody_counts_a_time_without_answers_as_silence(
    url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    async with joined(url, "first"), joined(url, "second") as second:
        await end_sessions(url, "first")
        await clock.let_pass(servers.GRACE - servers.BEAT, second)
        clock.now += 3600
        await clock.let_pass(servers.GRACE, second)
        assert await names(url) == {"first", "second"}
        await clock.let_pass(2 * servers.BEAT, second)
        assert await names(url) == {"second"}


async def test_a_server_without_sessions_of_its_own_has_the_time_of_its_lease(
    url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    pooled = f"{POOLED} 1"
    async with joined(url, pooled), joined(url, "second") as second:
        await end_sessions(url, pooled)
        await clock.let_pass(servers.LEASE, second)
        assert await names(url) == {pooled, "second"}
        await clock.let_pass(2 * servers.BEAT, second)
        assert await names(url) == {"second"}


async def test_one_server_is_the_first(url: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    async with joined(url, "b") as second:
        await second.verify()
        assert second.is_first
        async with joined(url, "a") as first:
            await first.verify()
            await second.verify()
            assert (first.is_first, second.is_first) == (True, False)
            await clock.let_pass(servers.GRACE, second)
            assert second.is_first  # the other one is silent, but it has a session


async def test_who_was_out_of_touch_removes_nobody_at_once(url: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a restart of PostgreSQL, all others look dead to the one that is back first."""
    monkeypatch.setattr(servers, "GRACE", 60)
    async with joined(url, "first"), joined(url, "second") as second:
        async with session(url) as other:
            await other.execute("UPDATE servers SET seen_at = clock_timestamp() - interval '1 hour'")
        await end_sessions(url, "first")
        await second.verify()
        assert await names(url) == {"first", "second"}


async def test_a_server_that_hears_nothing_is_not_sure_for_long(
    url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with joined(url, "first") as first:
        await first.verify()
        assert first.is_sure
        monkeypatch.setattr(servers, "SURE_FOR", 0)
        assert not first.is_sure


async def test_nobody_writes_whose_row_is_gone(url: URL) -> None:
    async with open_database(url, to_serve=True) as database:
        async with session(url) as other:
            await other.execute("SET lock_timeout = '100ms'")

            def work(_: Connection) -> None:
                with pytest.raises(asyncpg.LockNotAvailableError):
                    await_only(other.execute("DELETE FROM servers WHERE name <> ''"))

            await database.write(work)
            await other.execute("DELETE FROM servers WHERE name <> ''")
        with pytest.raises(UnavailableError, match="given this one up"):
            await database.write(lambda _: pytest.fail("a transaction of a server that was removed"))


async def test_a_connection_that_postgresql_is_about_to_close_is_an_outage(
    url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise asyncpg.InternalClientError("another operation is in progress")

    async with open_database(url) as database:
        monkeypatch.setattr(asyncpg.Connection, "fetch", fail)
        with pytest.raises(UnavailableError):
            await database.now()


async def test_a_beat_does_not_wait_for_transactions(url: URL) -> None:
    async with open_database(url, to_serve=True) as database, session(url) as other:
        await other.execute("SET lock_timeout = '100ms'")
        await database.write(lambda _: await_only(other.execute("UPDATE servers SET seen_at = seen_at")))


async def test_a_server_of_an_older_version_is_waited_for(url: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "LOCK_TIMEOUT", 0.05)
    async with session(url, "headwater old") as old:
        await old.execute("UPDATE lock_holder SET holder = 'headwater old'")
        with pytest.raises(DatabaseError, match="another Headwater server works on this database"):
            async with open_database(url, to_serve=True):
                pass
        assert await old.fetchval("SELECT holder FROM lock_holder") == "headwater old"


async def test_a_server_of_an_older_version_that_is_gone_comes_never_back(
    url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "GRACE", 0.1)
    async with session(url) as other:
        await other.execute("UPDATE lock_holder SET holder = 'headwater old'")
        async with open_database(url, to_serve=True):
            assert await other.fetchval("SELECT holder FROM lock_holder") == servers.SHARED


@pytest.mark.parametrize("is_known", [False, True])
async def test_what_a_server_does_not_know_that_it_runs_is_an_orphan(url: URL, is_known: bool) -> None:
    """The answer to its start was lost with the connection, after PostgreSQL had committed it."""
    async with open_database(url, to_serve=True) as database:
        _, _, reply = await begun(ConversationRepository(database), "me")
        closed = await orphans_closed(ReplyRepository(database), lambda _: is_known)
        assert [orphan.generation for orphan in closed] == ([] if is_known else [reply.generation])


async def test_what_a_server_runs_is_not_read_again_and_again(
    url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks for orphans each second; all that its running replies have said would be most of its work."""
    read: list[object] = []
    monkeypatch.setattr(replies, "piece_of", lambda *row: read.append(row))
    async with open_database(url, to_serve=True) as database:
        _, _, reply = await begun(ConversationRepository(database), "me")
        repository = ReplyRepository(database)
        await repository.save([Piece(reply.generation, 0, [Text("a")])])
        assert not await orphans_closed(repository, lambda _: True)
    assert not read


async def test_what_another_server_runs_is_no_orphan(url: URL) -> None:
    async with open_database(url, to_serve=True) as database, open_database(url, to_serve=True) as other:
        await begun(ConversationRepository(database), "me")
        assert not await orphans_closed(ReplyRepository(other))


async def test_what_is_saved_after_a_gap_is_left_out(url: URL) -> None:
    async with open_database(url) as database:
        _, _, reply = await begun(ConversationRepository(database), "me")
        replies = ReplyRepository(database)
        for at, words in ((0, ["a", "b", "c"]), (0, ["a", "b"]), (4, ["e"])):
            await replies.save([Piece(reply.generation, at, [Text(word) for word in words])])
        assert len(await orphans_closed(replies)) == 1
        found = await replies.find("me", reply.generation)
        assert found is not None
        assert text_of(found.events) == "abc"
