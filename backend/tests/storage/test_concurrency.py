import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, text, update
from sqlalchemy.util import await_only

from headwater.generation.kinds.text import Text, text_of
from headwater.generation.log import Piece
from headwater.generation.parts import fold
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import Database, open_database, sqlite_url
from headwater.storage.replies import ReplyRepository
from headwater.storage.search import SearchRepository
from headwater.storage.shares import ShareRepository
from headwater.storage.tables import conversations, pieces
from tests.storage.trees import COMPLETED, INTERRUPTED, begin, begun, kept, new_reply, number


@pytest.fixture
def repository(database: Database) -> ConversationRepository:
    return ConversationRepository(database)


@pytest.fixture
def replies(database: Database) -> ReplyRepository:
    return ReplyRepository(database)


async def at_once(*works: Coroutine[Any, Any, Any]) -> list[Any]:
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
    return [task.result() for task in tasks]


async def test_readers_see_one_state_while_others_write(
    database: Database, repository: ConversationRepository
) -> None:
    conversation, _ = await kept(repository, "me", "one")
    title = select(conversations.c.title).where(conversations.c.id == conversation.id)
    loop = asyncio.get_running_loop()

    def work(reader: Connection) -> None:
        assert reader.scalar(title) == "A title"
        change = repository.change("me", conversation.id, {"title": "Other"})
        if database.is_sqlite:  # on a thread of its own
            asyncio.run_coroutine_threadsafe(change, loop).result()
        else:
            await_only(change)
        assert reader.scalar(title) == "A title"

    await database.read(work)
    assert (await repository.get("me", conversation.id)).title == "Other"


async def test_many_begin_replies_in_one_conversation_at_once(
    repository: ConversationRepository,
) -> None:
    name, question, first = await begun(repository, "me")
    others = [new_reply(question) for _ in range(20)]
    before = await repository.get("me", name)
    await at_once(*(begin(repository, "me", name, other, (), None) for other in others))
    after, said = await repository.read("me", name)
    assert after.version == before.version + 20
    assert {each.id for each in said} == {question.id, first.message.id, *(o.message.id for o in others)}
    assert after.leaf == said[-1].id


async def test_readers_never_wait_for_writers_nor_writers_for_one_another_too_long(
    database: Database, repository: ConversationRepository, replies: ReplyRepository
) -> None:
    """Everything at once, in one conversation and in others, from two pools of connections."""
    shares, search = ShareRepository(database), SearchRepository(database)
    name, question, _ = await begun(repository, "me", "A river")
    opened = [await begun(repository, "me", "A river") for _ in range(4)]

    async def writes(reply: str, title: str) -> None:
        for n in range(4):
            await replies.save([Piece(reply, n, [Text(f"{n} ")])])
            await repository.change("me", name, {"title": f"{title} {n}", "leaf": question.id})
            await begin(repository, "me", name, new_reply(question), (), None)
            await shares.share("me", name, n)
        assert await replies.close(reply, [Text(f"{n} ") for n in range(4)], COMPLETED)
        assert not await replies.close(reply, [Text("other")], INTERRUPTED)

    async def reads() -> None:
        for _ in range(5):
            found, said = await repository.read("me", name)
            assert found.leaf in {message.id for message in said}
            await repository.page("me", archived=False, pinned=None, limit=9, after=None)
            assert (await search.search("me", "river", 20, None))[0]

    await at_once(
        *(writes(each[2].generation, each[0]) for each in opened),
        *(reads() for _ in range(12)),
        repository.purge(0),
    )
    for each in opened:
        found = await replies.find("me", each[2].generation)
        assert found is not None
        assert (fold(found.events), found.outcome) == ((Text("0 1 2 3 "),), COMPLETED)
    _, said = await repository.read("me", name)
    assert len(said) == 2 + 4 * 4


async def test_a_second_process_may_write_as_well(
    database: Database, database_url: Any, repository: ConversationRepository
) -> None:
    conversation, _ = await kept(repository, "me", "one")
    before = await repository.get("me", conversation.id)

    async def change(own: ConversationRepository, mark: str) -> None:
        for n in range(15):
            await own.change("me", conversation.id, {"title": f"{mark} {n}"})

    async with open_database(database_url) as other:
        await at_once(change(repository, "one"), change(ConversationRepository(other), "other"))
    assert (await repository.get("me", conversation.id)).version == before.version + 30


async def test_a_writer_that_fails_or_is_cancelled_leaves_nothing_and_holds_nobody(
    database: Database, repository: ConversationRepository
) -> None:
    conversation, _ = await kept(repository, "me", "one")
    name = conversations.c.id == conversation.id
    change = update(conversations).where(name)

    def fail(connection: Connection) -> None:
        connection.execute(change.values(title="Half done"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(fail)
    async with asyncio.timeout(10):
        assert (await repository.change("me", conversation.id, {"pinned": True})).title == "A title"


@pytest.mark.parametrize("closed_first", [False, True])
async def test_a_piece_and_the_end_of_a_reply_leave_no_piece_behind(
    database: Database, repository: ConversationRepository, replies: ReplyRepository, closed_first: bool
) -> None:
    for _ in range(10):
        _, _, reply = await begun(repository, "me")
        save = replies.save([Piece(reply.generation, 0, [Text("one")])])
        close = replies.close(reply.generation, [Text("one")], COMPLETED)
        await at_once(*((close, save) if closed_first else (save, close)))
    assert await number(database, pieces) == 0


async def test_a_reply_that_is_closed_twice_at_once_is_written_once(
    repository: ConversationRepository, replies: ReplyRepository
) -> None:
    for _ in range(5):
        name, _, reply = await begun(repository, "me")
        before = await repository.get("me", name)
        ends = await at_once(*(replies.close(reply.generation, [Text(f"{n}")], COMPLETED) for n in range(6)))
        found = await replies.find("me", reply.generation)
        assert found is not None
        assert [str(n) for n, first in enumerate(ends) if first] == [text_of(found.events)]
        assert (await repository.get("me", name)).version == before.version + 1


async def test_closing_leaves_no_thread_that_a_cancelled_reader_has_used(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    async with open_database(sqlite_url(tmp_path / "headwater.db")) as database:

        async def read() -> None:
            await database.read(lambda connection: connection.scalar(text("SELECT 1")))

        for hops in range(40):
            reader = asyncio.create_task(read())
            for _ in range(hops):
                await asyncio.sleep(0)
            reader.cancel()
    assert {
        thread for thread in set(threading.enumerate()) - before if thread.name.startswith("sqlite")
    } == set()
