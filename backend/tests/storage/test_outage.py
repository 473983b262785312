"""PostgreSQL goes away under a running server, and another server waits for its database."""

import asyncio
import errno
import resource
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from headwater.errors import UnavailableError
from headwater.storage.database import RECOVERY_TIME, open_database, sqlite_url
from headwater.storage.outage import OUTAGES, is_refusal, outage_reason
from tests.postgresql import PostgresqlServer, new_database, postgresql_server
from tests.running import RunningServer, SseEvent, SseReader, asked, text_of

WORDS = " ".join(f"w{n}" for n in range(2_000))


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgresqlServer]:
    with postgresql_server() as server:
        yield server


@pytest.fixture
async def database(postgresql: PostgresqlServer) -> AsyncIterator[URL]:
    async with new_database(postgresql.url) as url:
        yield url


@contextmanager
def started(folder: Path, database: URL, drain: int = 0) -> Iterator[RunningServer]:
    url = database.set(drivername="postgresql").render_as_string(hide_password=False)
    folder.mkdir(exist_ok=True)
    environment = {
        "HEADWATER_DATABASE_URL": url,
        "HEADWATER_DATA_DIR": str(folder.parent / "shared"),  # servers know the same clients
        "HEADWATER_HEARTBEAT": "0.2",
        "HEADWATER_DRAIN_TIMEOUT": str(drain),
    }
    server = RunningServer(folder, environment)
    try:
        yield server
    finally:
        server.stop()
    assert "Traceback" not in server.log, server.log


@asynccontextmanager
async def client_of(server: RunningServer) -> AsyncIterator[httpx.AsyncClient]:
    await asyncio.to_thread(server.wait_until_ready)
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        client.headers["headwater-client"] = (await client.get("/api/models")).headers["headwater-client"]
        yield client


@asynccontextmanager
async def serving(folder: Path, database: URL) -> AsyncIterator[tuple[RunningServer, httpx.AsyncClient]]:
    with started(folder, database) as server:
        async with client_of(server) as client:
            yield server, client


async def ready(client: httpx.AsyncClient, status: int) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            response = await client.get("/readyz")
            if response.status_code == status:
                body: dict[str, Any] = response.json()
                return body
            await asyncio.sleep(0.05)


class Reader:
    """Reads a reply in the background."""

    def __init__(self, client: httpx.AsyncClient, **script: Any) -> None:
        self.events: list[SseEvent] = []
        self._client, self._script = client, script
        self._sse = SseReader()
        self._more = asyncio.Condition()

    @property
    def text(self) -> str:
        return text_of(self.events)

    @property
    def start(self) -> dict[str, Any]:
        return self.events[0].data

    @property
    def heartbeats(self) -> int:
        return self._sse.comments.count("heartbeat")

    async def run(self) -> None:
        async with asked(self._client, WORDS, script=self._script) as response:
            assert response.status_code == 200, await response.aread()
            async for data in response.aiter_raw():
                self.events += self._sse.feed(data)
                async with self._more:
                    self._more.notify_all()

    async def grows(self) -> None:
        size = len(self.text) + 1
        await self._until(lambda: len(self.text) >= size)

    async def hears_heartbeats(self, count: int) -> None:
        enough = self.heartbeats + count
        await self._until(lambda: self.heartbeats >= enough)

    async def _until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(20), self._more:
            await self._more.wait_for(done)


async def expect_saved(client: httpx.AsyncClient, reader: Reader) -> None:
    """The whole reply has been read, and its row says the same."""
    assert (reader.text, reader.events[-1].data["status"]) == (WORDS, "completed")
    reply = await closed(client, reader)
    assert (reply["text"], reply["outcome"]["status"]) == (WORDS, "completed")


async def closed(client: httpx.AsyncClient, reader: Reader) -> dict[str, Any]:
    """The row of the reply once it is closed."""
    async with asyncio.timeout(40):
        while True:
            opened = await client.get(f"/api/conversations/{reader.start['conversation']}")
            reply: dict[str, Any] = opened.json()["messages"][-1]
            if reply["outcome"] is not None:
                return reply


async def test_a_reply_goes_on_while_postgresql_is_stopped_and_is_saved_afterwards(
    postgresql: PostgresqlServer, database: URL, tmp_path: Path
) -> None:
    async with serving(tmp_path / "a", database) as (server, client):
        async with asyncio.TaskGroup() as group:
            reader = Reader(client, tokens_per_second=200)
            group.create_task(reader.run())
            await reader.grows()
            await asyncio.to_thread(postgresql.stop)
            async with asyncio.timeout(30):
                while "refuses connections" not in (await ready(client, 503))["detail"]:
                    pass
            await reader.grows()
            for response in (
                await client.post("/api/chat", json={"message": "hello", "model": "scripted/echo"}),
                await client.get("/api/conversations"),
            ):
                assert (response.status_code, response.json()["code"]) == (503, "unavailable")
                assert int(response.headers["retry-after"]) > 0
            await asyncio.to_thread(postgresql.start)
            await ready(client, 200)
        await expect_saved(client, reader)
    assert server.log.count("the database is not available") == 1
    assert server.log.count("the database is available again") == 1


async def test_another_server_takes_nothing_from_one_that_lost_its_sessions(
    postgresql: PostgresqlServer, database: URL, tmp_path: Path
) -> None:
    async with serving(tmp_path / "a", database) as (_, client):
        async with asyncio.TaskGroup() as group:
            reader = Reader(client, tokens_per_second=100)
            group.create_task(reader.run())
            await reader.grows()
            await asyncio.to_thread(postgresql.stop)
            await asyncio.to_thread(postgresql.start)
            async with serving(tmp_path / "b", database) as (second, _):
                await reader.grows()
        await expect_saved(client, reader)
    assert "is gone" not in second.log


async def test_a_server_whose_database_was_taken_over_hands_out_nothing_more_and_ends(
    postgresql: PostgresqlServer, database: URL, tmp_path: Path
) -> None:
    """It slept while PostgreSQL restarted, and another server closed its replies."""
    async with serving(tmp_path / "a", database) as (first, client):
        reader = Reader(client, tokens_per_second=100)
        running = asyncio.create_task(reader.run())
        await reader.grows()
        first.process.send_signal(signal.SIGSTOP)
        await asyncio.to_thread(postgresql.stop)
        await asyncio.to_thread(postgresql.start)
        async with serving(tmp_path / "b", database) as (_, later):
            shown = reader.text
            later.headers["headwater-client"] = client.headers["headwater-client"]
            await closed(later, reader)
            first.process.send_signal(signal.SIGCONT)
            assert await asyncio.to_thread(first.process.wait, 30) == 2
            with pytest.raises(httpx.TransportError):
                await running
            assert reader.text == shown
            assert reader.events[-1].event == "message"
            assert "other servers have given this one up" in first.log
            assert (await closed(later, reader))["outcome"]["status"] == "interrupted"


async def test_a_server_whose_database_is_taken_over_while_it_stops_waits_for_no_reply(
    database: URL, tmp_path: Path
) -> None:
    with started(tmp_path / "a", database, drain=600) as server:
        async with client_of(server) as client:
            reader = Reader(client, tokens_per_second=100)
            running = asyncio.create_task(reader.run())
            await reader.grows()
            server.process.send_signal(signal.SIGTERM)
            await ready(client, 503)
            await reader.grows()
            async with open_database(database) as known:
                await known.write(lambda rows: rows.execute(text("DELETE FROM servers WHERE name <> ''")))
            with pytest.raises(httpx.TransportError):
                await running
            assert await asyncio.to_thread(server.process.wait, 30) == 2
            assert "other servers have given this one up" in server.log


async def test_tokens_are_held_back_while_postgresql_is_silent(
    postgresql: PostgresqlServer, database: URL, tmp_path: Path
) -> None:
    async with serving(tmp_path / "a", database) as (_, client), asyncio.TaskGroup() as group:
        reader = Reader(client, tokens_per_second=100)
        group.create_task(reader.run())
        await reader.grows()
        postgresql.pause()
        try:
            await ready(client, 503)
            # The model goes on, so a heartbeat comes only because its tokens are held back.
            await reader.hears_heartbeats(1)
            held = reader.text
            await reader.hears_heartbeats(5)
            assert reader.text == held
        finally:
            postgresql.resume()
        await reader.grows()
        cancelled = await client.post(f"/api/generations/{reader.start['generation']}/cancel")
        assert cancelled.status_code == 202
    assert WORDS.startswith(reader.text)
    assert reader.events[-1].data["status"] == "cancelled"


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process")
async def test_a_full_disk_is_a_refusal_until_there_is_room_again(tmp_path: Path) -> None:
    server = RunningServer(tmp_path)
    try:
        async with client_of(server) as client:
            reader = Reader(client, tokens_per_second=200)
            async with asyncio.TaskGroup() as group:
                group.create_task(reader.run())
                await reader.grows()
                # The server can make no file longer than this.
                room = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
                resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (32_768, room[1]))
                assert "disk" in (await ready(client, 503))["detail"]
                refused = await client.post("/api/chat", json={"message": "hi", "model": "scripted/echo"})
                assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
                assert (await client.get("/api/conversations")).status_code == 200
                await reader.grows()
                resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, room)
                await ready(client, 200)
            await expect_saved(client, reader)
    finally:
        server.stop()
    assert server.log.count("the database is not available") == 1
    assert "Traceback" not in server.log, server.log


async def test_a_file_that_is_deleted_is_a_refusal_until_it_is_put_back(tmp_path: Path) -> None:
    server = RunningServer(tmp_path)
    file, aside = tmp_path / "data" / "headwater.db", tmp_path / "aside"
    try:
        async with client_of(server) as client:
            reader = Reader(client, tokens_per_second=200)
            async with asyncio.TaskGroup() as group:
                group.create_task(reader.run())
                await reader.grows()
                file.rename(aside)
                assert "its file is gone" in (await ready(client, 503))["detail"]
                refused = await client.post("/api/chat", json={"message": "hi", "model": "scripted/echo"})
                assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
                assert int(refused.headers["retry-after"]) > 0
                await reader.grows()
                assert not file.exists()
                aside.rename(file)
                await ready(client, 200)
            await expect_saved(client, reader)
    finally:
        server.stop()
    assert server.log.count("the database is not available: its file is gone") == 1
    assert server.log.count("the database is available again") == 1
    assert "Traceback" not in server.log, server.log


async def test_no_other_file_is_written_in_place_of_a_deleted_one(tmp_path: Path) -> None:
    server = RunningServer(tmp_path)
    file, other = tmp_path / "data" / "headwater.db", tmp_path / "other.db"
    async with open_database(sqlite_url(other)):
        pass
    content = other.read_bytes()
    try:
        async with client_of(server) as client:
            reader = Reader(client, tokens_per_second=100)
            async with asyncio.TaskGroup() as group:
                running = group.create_task(reader.run())
                await reader.grows()
                other.replace(file)
                assert "replaced by another one" in (await ready(client, 503))["detail"]
                refused = await client.post("/api/chat", json={"message": "hi", "model": "scripted/echo"})
                assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
                await reader.grows()
                running.cancel()
            assert (await ready(client, 503))["code"] == "unavailable"
    finally:
        status, _ = server.stop()
    assert status == 0
    assert file.read_bytes() == content
    assert "Traceback" not in server.log, server.log


async def test_no_new_connection_opens_or_creates_a_file_in_place_of_the_first(tmp_path: Path) -> None:
    file = tmp_path / "headwater.db"
    async with open_database(sqlite_url(file)) as database:
        for put in (file.unlink, file.touch):
            put()
            with pytest.raises(UnavailableError):
                await database.read(lambda connection: connection.execute(text("SELECT 1")))
            assert file.exists() == (put == file.touch)
    assert file.read_bytes() == b""


async def test_a_small_write_between_two_that_fail_ends_no_outage(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full has room for a row now and then."""
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    times = [100.0]

    def fail(_: Connection) -> None:
        raise DBAPIError("INSERT", None, full)

    monkeypatch.setattr("headwater.storage.database.monotonic", lambda: times[-1])
    async with open_database(sqlite_url(tmp_path / "headwater.db")) as database:
        for time in (100.0, 102.0, 104.0):
            times.append(time)
            with pytest.raises(UnavailableError):
                await database.write(fail)
            await database.write(lambda _: None)
            assert database.outage == "its disk is full"
        times.append(104.0 + RECOVERY_TIME)
        await database.write(lambda _: None)
        assert database.outage is None
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("53100", "its disk is full"),
        ("53300", "it has too few resources"),
        ("57P01", "it refuses connections"),
        ("08006", "it refuses connections"),
        ("25006", "it is read-only"),
        ("23505", None),
        ("42601", None),
    ],
)
def test_an_outage_is_known_by_its_sqlstate(state: str, reason: str | None) -> None:
    error = asyncpg.PostgresError()
    error.sqlstate = state
    assert outage_reason(DBAPIError("SELECT 1", None, error)) == reason


def test_a_connection_that_postgresql_is_about_to_end_is_an_outage() -> None:
    """It has said so, and asyncpg has not seen the end yet."""
    error = asyncpg.InternalClientError("cannot switch to state 11; another operation (2) is in progress")
    assert isinstance(error, OUTAGES)
    assert outage_reason(error) == "it refuses connections"


async def test_a_wrong_parameter_is_no_outage(database: URL) -> None:
    async with open_database(database) as opened:
        with pytest.raises(DBAPIError, match="invalid input for query argument"):
            await opened.fetch(text("SELECT CAST(:number AS int)"), {"number": "none"})
        assert opened.outage is None
        await opened.fetch(text("SELECT CAST(:number AS int)"), {"number": 1})


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed"), True),
        (
            OSError("Multiple exceptions: [Errno 111] Connect failed, [Errno 99] Connect failed"),
            True,
        ),
        (
            OSError("Multiple exceptions: [Errno 111] Connect failed, [Errno 113] Connect failed"),
            False,
        ),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), False),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), False),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), False),
        (TimeoutError(), False),
        (asyncpg.CannotConnectNowError("the database system is starting up"), True),
        (asyncpg.TooManyConnectionsError("sorry, too many clients already"), False),
    ],
)
def test_only_a_refusal_tells_that_nobody_else_can_connect(error: Exception, is_one: bool) -> None:
    assert is_refusal(error) == is_one
