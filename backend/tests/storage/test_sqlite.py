"""Many transactions in one commit of SQLite's one writer."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, text
from sqlalchemy.exc import IntegrityError

from headwater.errors import UnavailableError
from headwater.generation.kinds.text import Text
from headwater.generation.log import Piece
from headwater.storage import sqlite
from headwater.storage.conversations import ConversationRepository, IdTakenError
from headwater.storage.database import Database, open_database, sqlite_url
from headwater.storage.replies import ReplyRepository
from headwater.storage.rows import message_row
from headwater.storage.tables import conversations, generations, messages
from tests.storage.trees import begin, begun, new_message, new_reply, number


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(sqlite_url(tmp_path / "headwater.db")) as opened:
        yield opened


@pytest.fixture
def repository(database: Database) -> ConversationRepository:
    return ConversationRepository(database)


@pytest.fixture
def commits(database: Database) -> list[Connection]:
    """What is committed from now on, an item for each commit."""
    counted: list[Connection] = []
    event.listen(database._store.engine, "commit", lambda connection: counted.append(connection))
    return counted


class Held:
    """Keeps the writer busy within the block, so that others wait."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._released = threading.Event()

    async def __aenter__(self) -> "Held":
        loop, begins = asyncio.get_running_loop(), asyncio.Event()

        def work(_: Connection) -> None:
            loop.call_soon_threadsafe(begins.set)
            self._released.wait()

        self._task = asyncio.create_task(self._database.write(work))
        await begins.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._released.set()
        await asyncio.wait([self._task])

    async def wait_for(self, count: int) -> None:
        store: Any = self._database._store
        async with asyncio.timeout(10):
            while len(store._waiting) < count:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0)


async def rows(database: Database) -> list[int]:
    return [await number(database, table) for table in (conversations, messages, generations)]


async def test_starts_that_wait_together_are_one_commit(
    database: Database,
    repository: ConversationRepository,
    commits: list[Connection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sqlite, "BATCH_TIME", 60)
    async with Held(database) as held:
        starts = [asyncio.create_task(begun(repository, "me")) for _ in range(50)]
        await held.wait_for(50)
    for start in starts:
        await start
    assert len(commits) == 1
    assert await rows(database) == [50, 100, 50]


async def test_a_batch_takes_no_more_once_its_time_is_over(
    database: Database,
    repository: ConversationRepository,
    commits: list[Connection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sqlite, "BATCH_TIME", 0)
    await asyncio.gather(*(begun(repository, "me") for _ in range(5)))
    assert len(commits) == 5


async def test_one_that_fails_among_many_fails_alone(
    database: Database,
    repository: ConversationRepository,
    commits: list[Connection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sqlite, "BATCH_TIME", 60)
    name, question, first = await begun(repository, "me")
    taken = new_reply(question)._replace(generation=first.generation)

    def fail(connection: Connection) -> None:
        connection.execute(text("DELETE FROM conversations"))
        raise ZeroDivisionError

    commits.clear()
    async with Held(database) as held:
        works: list[Any] = [begun(repository, "me") for _ in range(10)]
        works[3:3], works[7:7] = [begin(repository, "me", name, taken)], [database.write(fail)]
        tasks = [asyncio.create_task(work) for work in works]
        await held.wait_for(12)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    # Those before, between and after the two that failed.
    assert len(commits) == 3
    failed = {number: each for number, each in enumerate(results) if isinstance(each, Exception)}
    assert {number: type(each) for number, each in failed.items()} == {3: IdTakenError, 7: ZeroDivisionError}
    assert await rows(database) == [11, 22, 11]
    assert (await repository.get("me", name)).leaf == first.message.id


async def test_what_is_cancelled_while_it_waits_is_there_as_a_whole(
    database: Database, repository: ConversationRepository
) -> None:
    async with Held(database) as held:
        starts = [asyncio.create_task(begun(repository, "me")) for _ in range(20)]
        await held.wait_for(20)
        for start in starts[::2]:
            start.cancel()
    await asyncio.wait(starts)
    assert [start.cancelled() for start in starts] == [True, False] * 10
    assert await rows(database) == [20, 40, 20]


async def test_a_commit_that_fails_fails_all_and_leaves_nothing(
    database: Database, repository: ConversationRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BATCH_TIME", 60)
    orphan = message_row(new_message(None, "Why?"), "conv_none", "me")

    def break_commit(connection: Connection) -> None:
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        connection.execute(insert(messages), orphan)

    async with Held(database) as held:
        tasks = [
            asyncio.create_task(work)
            for work in (begun(repository, "me"), database.write(break_commit), begun(repository, "me"))
        ]
        await held.wait_for(3)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in results] == [IdTakenError, IntegrityError, IdTakenError]
    assert await rows(database) == [0, 0, 0]
    await begun(repository, "me")
    assert await rows(database) == [1, 2, 1]


async def test_a_checkpoint_goes_before_starts_that_wait(
    database: Database, repository: ConversationRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, it waits for the transaction that has begun alone."""
    monkeypatch.setattr(sqlite, "BATCH_TIME", 0)
    replies = ReplyRepository(database)
    _, _, reply = await begun(repository, "me")
    done: list[str] = []

    async def noting(name: str, work: Any) -> None:
        await work
        done.append(name)

    async with Held(database) as held:
        starts = [asyncio.create_task(noting("start", begun(repository, "me"))) for _ in range(30)]
        await held.wait_for(30)
        save = asyncio.create_task(
            noting("checkpoint", replies.save([Piece(reply.generation, 0, [Text("one")])]))
        )
        await held.wait_for(31)
    await asyncio.wait([save, *starts])
    assert done == ["checkpoint", *["start"] * 30]


async def test_closing_finishes_what_waits_and_takes_nothing_more(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "headwater.db")
    async with open_database(url) as database:
        repository = ConversationRepository(database)
        starts = [asyncio.create_task(begun(repository, "me")) for _ in range(20)]
        await asyncio.sleep(0)
    for start in starts:
        await start
    with pytest.raises(UnavailableError):
        await repository.ids("me")
    with pytest.raises(UnavailableError):
        await begun(repository, "me")
    async with open_database(url) as database:
        assert await rows(database) == [20, 40, 20]


ENDLESS = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")


async def test_readers_whose_callers_have_left_hold_up_nobody(database: Database) -> None:
    loop, begun_reading = asyncio.get_running_loop(), asyncio.Semaphore(0)

    def work(connection: Connection) -> None:
        loop.call_soon_threadsafe(begun_reading.release)
        connection.execute(ENDLESS)

    async with asyncio.timeout(20):
        readers = [asyncio.create_task(database.read(work)) for _ in range(sqlite.READERS)]
        for _ in readers:
            await begun_reading.acquire()
        for reader in readers:
            reader.cancel()
        assert await database.read(lambda connection: connection.scalar(text("SELECT 1"))) == 1


async def test_closing_interrupts_a_reader(tmp_path: Path) -> None:
    loop, begins = asyncio.get_running_loop(), asyncio.Event()

    def work(connection: Connection) -> None:
        loop.call_soon_threadsafe(begins.set)
        connection.execute(ENDLESS)

    async with asyncio.timeout(20):
        async with open_database(sqlite_url(tmp_path / "headwater.db")) as database:
            reader = asyncio.create_task(database.read(work))
            await begins.wait()
            reader.cancel()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("sqlite")]


async def test_emptying_the_log_waits_for_readers_but_holds_up_no_writer(
    database: Database, repository: ConversationRepository, tmp_path: Path
) -> None:
    log = tmp_path / "headwater.db-wal"
    await begun(repository, "me")
    reader = sqlite3.connect(tmp_path / "headwater.db")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM messages").fetchone()
    await begun(repository, "me")
    emptying = asyncio.create_task(database.empty_log())
    for _ in range(5):
        await begun(repository, "me")
    assert not emptying.done()
    reader.close()
    await emptying
    assert log.stat().st_size == 0
