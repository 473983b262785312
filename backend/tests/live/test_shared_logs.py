"""A copy of a log that another server writes, from what that server saves."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.engine import URL

from headwater.generation.kinds.text import Text
from headwater.generation.log import CursorAheadError, changed, follow
from headwater.generation.outcome import Cancelled
from headwater.generation.parts import Event
from headwater.live.postgresql.bells import Bells
from headwater.live.postgresql.logs import SharedLogStore
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import Database, open_database
from headwater.storage.replies import Piece, ReplyRepository
from headwater.storage.tables import conversations
from tests.live.log_contract import events
from tests.postgresql import new_database
from tests.storage.trees import COMPLETED, INTERRUPTED, begun

WORDS = [Text(f" {n}") for n in range(10)]


@pytest.fixture
async def database(postgresql_url: URL, postgresql_template: str) -> AsyncIterator[Database]:
    async with new_database(postgresql_url, postgresql_template) as url, open_database(url) as opened:
        yield opened


@pytest.fixture
def replies(database: Database) -> ReplyRepository:
    return ReplyRepository(database)


@pytest.fixture
def store(database: Database) -> SharedLogStore:
    return SharedLogStore(database, Bells(database))


@pytest.fixture
async def generation(database: Database) -> str:
    return await new_generation(database)


async def new_generation(database: Database) -> str:
    _, _, reply = await begun(ConversationRepository(database), "me")
    return reply.generation


async def test_there_is_no_copy_of_what_nobody_runs(store: SharedLogStore) -> None:
    assert await store.open("gen_0123456789012345678901") is None


async def test_a_copy_grows_with_what_is_saved_and_ends_with_the_row(
    store: SharedLogStore, replies: ReplyRepository, generation: str
) -> None:
    await replies.save([Piece(generation, 0, WORDS[:3])])
    copy = await store.open(generation)
    assert copy is not None
    assert copy.read(0).events == tuple(WORDS[:3])
    grown = asyncio.create_task(changed(copy, 3))
    await replies.save([Piece(generation, 3, WORDS[3:7])])
    await store._look()
    await grown
    assert copy.read(2) == (tuple(WORDS[2:7]), 7, None, False)
    await replies.close(generation, WORDS, COMPLETED)
    await store._look()
    page = copy.read(7)
    assert page.events == tuple(WORDS[7:])
    assert page.outcome is not None


async def test_readers_of_one_reply_share_its_copy(store: SharedLogStore, generation: str) -> None:
    first, second = await asyncio.gather(store.open(generation), store.open(generation))
    assert first is second is await store.open(generation)


async def test_who_has_read_more_than_was_saved_waits_for_it(
    store: SharedLogStore, replies: ReplyRepository, generation: str
) -> None:
    await replies.save([Piece(generation, 0, WORDS[:3])])
    copy = await store.open(generation)
    assert copy is not None
    waiting = asyncio.create_task(changed(copy, 5))
    await replies.save([Piece(generation, 3, WORDS[3:5])])
    await store._look()
    assert not waiting.done()
    assert copy.read(5) == ((), 5, None, False)
    await replies.save([Piece(generation, 5, WORDS[5:6])])
    await store._look()
    await waiting
    assert copy.read(5).events == (WORDS[5],)


@pytest.mark.parametrize("outcome", [COMPLETED, INTERRUPTED])
async def test_a_cursor_beyond_a_closed_log_is_an_error_unless_a_crash_lost_the_rest(
    store: SharedLogStore, replies: ReplyRepository, generation: str, outcome: dict[str, object]
) -> None:
    copy = await store.open(generation)
    assert copy is not None
    await replies.close(generation, WORDS[:3], outcome)
    await store._look()
    if outcome is COMPLETED:
        with pytest.raises(CursorAheadError):
            copy.read(4)
    else:
        page = copy.read(4)
        assert (page.events, page.cursor, page.outcome) == ((), 4, copy.read(3).outcome)


async def test_a_longer_piece_in_the_place_of_one_is_found(
    store: SharedLogStore, replies: ReplyRepository, generation: str
) -> None:
    """The connection broke after the first was saved, so its server saves it again with what came since."""
    await replies.save([Piece(generation, 0, WORDS[:3])])
    copy = await store.open(generation)
    assert copy is not None
    await replies.save([Piece(generation, 0, WORDS[:5])])
    await store._look()
    assert copy.read(0).events == tuple(WORDS[:5])
    await replies.save([Piece(generation, 0, WORDS[:6])])
    await replies.save([Piece(generation, 6, WORDS[6:8])])
    await store._look()
    store._looked_again_at = 0
    await store._look()
    assert copy.read(0).events == tuple(WORDS[:8])


async def test_a_reply_that_is_deleted_ends(
    store: SharedLogStore, replies: ReplyRepository, database: Database, generation: str
) -> None:
    await replies.save([Piece(generation, 0, WORDS[:3])])
    copy = await store.open(generation)
    assert copy is not None
    await database.write(lambda connection: connection.execute(delete(conversations)))
    await store._look()
    page = copy.read(3)
    assert page.outcome is not None
    assert page.outcome.status == Cancelled("user")
    assert await store.open(generation) is None


async def test_a_copy_lives_as_long_as_somebody_has_it(
    store: SharedLogStore, replies: ReplyRepository, generation: str
) -> None:
    copy = await store.open(generation)
    assert copy is not None
    await replies.save([Piece(generation, 0, WORDS[:3])])
    await store._look()
    assert copy.read(0).events == tuple(WORDS[:3])
    del copy
    gc.collect()
    assert not store._copies


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=st.lists(events, max_size=30),
    moves=st.lists(st.tuples(st.sampled_from(("say", "save", "look", "read", "break")), st.integers(0, 5)),
        max_size=40),
)  # fmt: skip
async def test_any_interleaving_gives_a_reader_elsewhere_the_same(
    store: SharedLogStore,
    replies: ReplyRepository,
    database: Database,
    said: list[Event],
    moves: list[tuple[str, int]],
) -> None:
    """The writer says, saves, and may not hear that a piece was saved; the reader looks, and reads some."""
    generation = await new_generation(database)
    copy = await store.open(generation)
    assert copy is not None
    written = saved = 0
    seen: list[Event] = []
    for move, amount in moves:
        if move == "say":
            written = min(written + amount, len(said))
        elif move == "look":
            store._looked_again_at -= amount
            await store._look()
        elif move == "read":
            seen += copy.read(len(seen)).events[:amount]
        elif saved < written:
            await replies.save([Piece(generation, saved, said[saved:written])])
            saved = written if move == "save" else saved
        assert seen == said[: len(seen)]
    await replies.close(generation, said, COMPLETED)
    await store._look()
    async with aclosing(follow(copy, len(seen), window=0)) as pages:
        async for page in pages:
            seen += page.events
    assert seen == said
