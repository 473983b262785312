import asyncio
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, TableClause, column, delete, insert, inspect, table, text
from sqlalchemy.engine import URL

from headwater.conversations.model import Conversation, Message
from headwater.generation.kinds.reasoning import Reasoning
from headwater.generation.kinds.text import Text
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import (
    Database,
    DatabaseError,
    open_database,
    sqlite_url,
)
from headwater.storage.database import (
    database_url as parsed,
)
from headwater.storage.replies import ReplyRepository
from headwater.storage.rows import conversation_row
from headwater.storage.schema import migrations
from headwater.storage.search import SearchRepository
from headwater.storage.tables import conversations, metadata
from headwater.storage.uncancelled import uncancelled
from tests.postgresql import PASSWORD
from tests.running import refused_start
from tests.storage.trees import kept, line, orphans_closed

NEWER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
database.execute("INSERT INTO alembic_version VALUES ('9999')")
database.commit()
"""


async def test_a_new_database_has_the_tables_that_the_code_names(empty_url: URL) -> None:
    def differences(connection: Connection) -> list[Any]:
        def ours(_: object, name: str | None, kind: str, __: bool, ___: object) -> bool:
            """Search's own objects are in the migrations alone."""
            return not (kind in {"table", "index"} and "_words" in str(name)) and (kind, name) != (
                "column",
                "words",
            )

        options = {"include_object": ours, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        found: list[Any] = compare_metadata(context, metadata)
        return found

    async with open_database(empty_url) as database:
        assert await database.read(differences) == []


OLD_MESSAGES = table(
    "messages",
    *map(column, ["id", "conversation", "client", "parent", "role", "text", "reasoning", "model", "outcome"]),
    column("left_out"),
    column("created_at"),
)
OLD_GENERATIONS = table("generations", *map(column, ["id", "message", "client", "shape"]))
OLD_PIECES = table("pieces", *map(column, ["generation", "at", "text", "reasoning", "shape"]))


def old_row(message: Message, reasoning: str = "") -> dict[str, Any]:
    """A message as versions up to 0004 had it."""
    return {
        "id": message.id,
        "conversation": "conv_1",
        "client": "me",
        "parent": message.parent,
        "role": message.role,
        "text": message.text,
        "reasoning": reasoning,
        "left_out": 0,
        "created_at": 1_000,
    }


async def make_old(
    url: URL, version: str, messages: list[dict[str, Any]], *more: tuple[TableClause, list[dict[str, Any]]]
) -> None:
    """Make a database of an earlier version with one conversation and some more rows."""
    row = conversation_row(Conversation("conv_1", "Old waters", 5, 5), "me")

    def work(connection: Connection) -> None:
        command.upgrade(migrations(connection), version)
        for each, rows in ((conversations, [row]), (OLD_MESSAGES, messages), *more):
            connection.execute(insert(each), rows)

    old = Database(url)
    await old.write(work)
    await old.close()


@pytest.mark.parametrize("version", ["0001", "0002", "0003"])
async def test_a_database_of_an_earlier_version_is_brought_along_with_what_it_holds(
    empty_url: URL, version: str
) -> None:
    said = line("The first river", "A spring, 山から")
    begun = {"id": "gen_1", "message": said[1].id, "client": "me"}
    await make_old(empty_url, version, [old_row(each) for each in said], (OLD_GENERATIONS, [begun]))
    async with open_database(empty_url) as database:
        search = SearchRepository(database)
        for word in ("river", "spring", "waters", "から"):
            found, _ = await search.search("me", word, 9, None)
            assert [each.conversation.id for each in found] == ["conv_1"]
        repository = ConversationRepository(database)
        reply = msgspec.structs.replace(said[1], generation="gen_1")
        assert (await repository.read("me", "conv_1"))[1] == [said[0], reply]
        assert len(await orphans_closed(ReplyRepository(database))) == 1
        await repository.change("me", "conv_1", {"title": "New waters"})
        assert (await search.search("me", "old", 9, None))[0] == []
        await repository.delete("me", "conv_1", 5)
        await repository.purge(6)
        assert (await search.search("me", "river", 9, None))[0] == []


async def test_replies_of_before_there_were_parts_keep_their_order_and_their_cursors(empty_url: URL) -> None:
    """Closed, open with saved pieces, and imported; the length of reasoning was below zero in a shape."""
    said = line("Why?", "Yes, ä yes.", "And?", "Because", "So?", "Imported")
    rows = [
        old_row(message, reasoning)
        for message, reasoning in zip(
            said, ["", "Let me 🤔 (sure?)", "", "", "", "It was thought."], strict=True
        )
    ]
    rows[3]["text"] = ""
    closed, opened = [-4, -5, 5, -7, 6], [[-3, 4], [2, -2]]
    opening: list[dict[str, Any]] = [
        {"id": "gen_1", "message": said[1].id, "client": "me", "shape": encoded(closed)},
        {"id": "gen_2", "message": said[3].id, "client": "me", "shape": None},
    ]
    saved: list[dict[str, Any]] = [
        {"generation": "gen_2", "at": 0, "text": "Beca", "reasoning": "Hm.", "shape": encoded(opened[0])},
        {"generation": "gen_2", "at": 2, "text": "us", "reasoning": "er", "shape": encoded(opened[1])},
    ]
    await make_old(empty_url, "0004", rows, (OLD_GENERATIONS, opening), (OLD_PIECES, saved))
    async with open_database(empty_url) as database:
        replies = ReplyRepository(database)
        first = await replies.find("me", "gen_1")
        assert first is not None
        assert first.events == (
            Reasoning("Let "),
            Reasoning("me 🤔 "),
            Text("Yes, "),
            Reasoning("(sure?)"),
            Text("ä yes."),
        )
        assert len(await orphans_closed(replies)) == 1
        second = await replies.find("me", "gen_2")
        assert second is not None
        assert second.events == (Reasoning("Hm."), Text("Beca"), Text("us"), Reasoning("er"))
        _, messages = await ConversationRepository(database).read("me", "conv_1")
        assert [message.parts for message in messages] == [
            (Text("Why?"),),
            (Reasoning("Let me 🤔 "), Text("Yes, "), Reasoning("(sure?)"), Text("ä yes.")),
            (Text("And?"),),
            (Reasoning("Hm."), Text("Becaus"), Reasoning("er")),
            (Text("So?"),),
            (Reasoning("It was thought."), Text("Imported")),
        ]


def encoded(lengths: list[int]) -> bytes:
    return msgspec.msgpack.encode(lengths)


async def test_opening_again_changes_nothing(database_url: URL) -> None:
    async with open_database(database_url) as database:
        conversation, said = await kept(ConversationRepository(database), "me", "one", "two")
    async with open_database(database_url) as database:
        assert (await ConversationRepository(database).read("me", conversation.id))[1] == said


async def test_a_database_of_a_newer_version_is_refused_and_not_changed(database_url: URL) -> None:
    async with open_database(database_url) as database:
        await database.write(partial(upgraded, oldest="9999"))
    with pytest.raises(DatabaseError, match=r"^the database is of another version of Headwater: .*9999.*$"):
        async with open_database(database_url):
            pass
    later = Database(database_url)
    version = text("SELECT version_num FROM alembic_version")
    assert await later.read(lambda connection: connection.scalar(version)) == "9999"
    await later.close()


async def test_a_newer_version_may_only_have_added_something(database_url: URL) -> None:
    async with open_database(database_url) as database:
        await database.write(upgraded)
    for as_it_is in (False, True):
        async with open_database(database_url, as_it_is=as_it_is) as database:
            await kept(ConversationRepository(database), "me", "one", "two")


async def test_a_command_changes_no_schema(empty_url: URL) -> None:
    for version in ("", "0008"):
        database = Database(empty_url)
        if version:
            await database._store.migrate(lambda connection: command.upgrade(migrations(connection), "0008"))
        with pytest.raises(DatabaseError, match="no server of this version has worked on"):
            async with open_database(empty_url, as_it_is=True):
                pass
        tables = await database.read(lambda connection: inspect(connection).get_table_names())
        assert ("servers" in tables, "messages" in tables) == (False, bool(version))
        await database.close()


def upgraded(connection: Connection, oldest: str = "") -> None:
    """As a newer version leaves the schema."""
    connection.execute(text("ALTER TABLE messages ADD COLUMN mood TEXT"))
    connection.execute(text("CREATE TABLE moods (name TEXT)"))
    connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    if oldest:
        connection.execute(text("UPDATE compatibility SET oldest = :oldest"), {"oldest": oldest})


async def test_a_migration_that_fails_leaves_the_database_as_it_was(
    empty_url: URL,
) -> None:
    """Its last table is refused: the others are taken back as well."""
    old = Database(empty_url)
    create = text("CREATE TABLE shares (of_somebody_else TEXT)")
    await old.write(lambda connection: connection.execute(create))
    with pytest.raises(DatabaseError):
        await _opened(empty_url)
    tables = await old.read(lambda connection: inspect(connection).get_table_names())
    assert tables == ["shares"]
    await old.close()


async def test_what_sqlite_keeps_is_whole_and_what_belongs_together_goes_together(tmp_path: Path) -> None:
    async with open_database(sqlite_url(tmp_path / "headwater.db")) as database:
        conversation, _ = await kept(ConversationRepository(database), "me", "one", "two")
        removal = delete(conversations).where(conversations.c.id == conversation.id)
        await database.write(lambda connection: connection.execute(removal))

        def check(connection: Connection) -> None:
            assert connection.scalar(text("SELECT count(*) FROM messages")) == 0
            assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
            assert connection.scalar(text("PRAGMA journal_mode")) == "wal"

        await database.read(check)


async def _opened(url: URL) -> None:
    async with open_database(url):
        pass


async def test_who_is_cancelled_while_leaving_leaves_nothing_that_still_runs(database: Database) -> None:
    """A connection on its way back to the pool would be cancelled at the end of the event loop."""
    loop = asyncio.get_running_loop()

    async def work() -> None:
        await database.write(lambda _: loop.call_soon_threadsafe(leaving.set))

    ours = asyncio.all_tasks()
    for moment in range(30):
        leaving = asyncio.Event()
        task = asyncio.create_task(work())
        await leaving.wait()
        for _ in range(2):
            for _ in range(moment):
                await asyncio.sleep(0)
            task.cancel()
        await asyncio.wait([task])
        assert asyncio.all_tasks() == ours


async def test_what_is_not_cancelled_is_finished_unless_it_takes_longer_than_it_may() -> None:
    for seconds, may_finish in ((None, True), (0.01, False)):
        began, may_end, finished = asyncio.Event(), asyncio.Event(), list[bool]()

        async def work(began: asyncio.Event, may_end: asyncio.Event, finished: list[bool]) -> None:
            began.set()
            await may_end.wait()
            finished.append(True)

        task = asyncio.create_task(uncancelled(work(began, may_end, finished), seconds))
        await began.wait()
        task.cancel()
        await asyncio.wait([task], timeout=0.1 if may_finish else 5)
        assert task.done() != may_finish
        may_end.set()
        await asyncio.wait([task])
        assert task.cancelled()
        assert finished == [True] * may_finish


async def test_a_file_that_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "headwater.db").write_text("This is a letter, not a database. " * 100)
    with pytest.raises(DatabaseError) as caught:
        await _opened(sqlite_url(tmp_path / "headwater.db"))
    assert "headwater.db cannot be used: file is not a database" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(DatabaseError, match=r"cannot be used: unable to open database file"):
        await _opened(sqlite_url(tmp_path / "nowhere" / "headwater.db"))


@pytest.mark.parametrize("wrong", ["password", "name", "port", "host", "user", "query", "hosts"])
async def test_a_postgresql_that_cannot_be_used_is_told_in_one_line_without_the_password(
    postgresql_url: URL, wrong: str
) -> None:
    others: dict[str, Any] = {
        "password": {"password": "wrong-secret"},
        "name": {"database": "nowhere"},
        "port": {"port": 1},
        "host": {"host": "nowhere.invalid"},
        "user": {"username": "nobody-of-that-name"},
        "query": {"port": 1, "query": {"password": "wrong-secret"}},
        "hosts": {"query": {"host": "here", "port": "no number"}},
    }
    url = postgresql_url.set(**others[wrong])
    with pytest.raises(DatabaseError) as caught:
        await _opened(url)
    told = str(caught.value)
    assert "cannot be used: " in told
    assert len(told.splitlines()) == 1
    assert PASSWORD not in told
    assert "wrong-secret" not in told


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:///a.db", "sqlite+pysqlite"),
        ("sqlite+aiosqlite:///a.db", "sqlite+pysqlite"),
        ("postgresql://u:p@h/n", "postgresql+asyncpg"),
        ("postgres://u:p@h/n", "postgresql+asyncpg"),
        ("postgresql+asyncpg://u:p@h/n", "postgresql+asyncpg"),
    ],
)
def test_a_url_names_its_driver_or_none(given: str, driver: str) -> None:
    assert parsed(given).drivername == driver


@pytest.mark.parametrize("given", ["", "mysql://h/n", "postgresql+psycopg2://h/n", "h/n", "http://h", "://"])
def test_another_database_is_refused(given: str) -> None:
    with pytest.raises(ValueError):
        parsed(given)


@pytest.mark.parametrize("case", ["letter", "newer", "password", "postgresql is not there"])
def test_serve_says_in_one_line_what_is_wrong_with_the_database(
    tmp_path: Path, case: str, request: pytest.FixtureRequest
) -> None:
    environment = {}
    file = tmp_path / "data" / "headwater.db"
    file.parent.mkdir()
    match case:
        case "letter":
            file.write_text("This is a letter. " * 100)
            expected = "file is not a database"
        case "newer":
            subprocess.run([sys.executable, "-c", NEWER, file], check=True)
            expected = "of another version of Headwater"
        case "password":
            server: URL = request.getfixturevalue("postgresql_url")
            url = server.set(password="wrong-secret").render_as_string(hide_password=False)
            environment["HEADWATER_DATABASE_URL"] = url
            expected = "password authentication failed"
        case _:
            environment["HEADWATER_DATABASE_URL"] = "postgresql://u:wrong-secret@127.0.0.1:1/n"
            expected = "cannot be used"
    said = refused_start(tmp_path, **environment)
    assert said.startswith("headwater: ")
    assert expected in said
    assert len(said.splitlines()) == 1, said
    assert "wrong-secret" not in said
