"""A copy of a log that another server writes, from what that server saves."""

import asyncio
import gc
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import URL

from headwater.generation.kinds.text import Text
from headwater.generation.log import CursorAheadError, Log, Piece, changed, follow
from headwater.generation.outcome import Cancelled
from headwater.generation.parts import Event
from headwater.ids import new_id
from headwater.live.bells import Bells
from headwater.live.postgresql.channel import PostgresqlChannel
from headwater.live.postgresql.logs import SharedLogStore
from headwater.live.postgresql.presence import SharedPresence
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import Database, open_database
from headwater.storage.ephemeral import EphemeralRepository
from headwater.storage.replies import ReplyRepository, StoredReply
from headwater.storage.tables import conversations, generations, tails
from headwater.storage.tails import TailRepository, encode_pieces
from tests.golden import GENERATION
from tests.live.log_contract import events
from tests.postgresql import new_database
from tests.storage.trees import COMPLETED, INTERRUPTED, begun, orphans_closed

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

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
    return new_store(database)


def new_store(database: Database) -> SharedLogStore:
    bells = Bells(PostgresqlChannel(database))
    return SharedLogStore(database, bells, SharedPresence(database, bells))


@pytest.fixture
async def generation(database: Database) -> str:
    return await new_generation(database)


async def new_generation(database: Database) -> str:
    _, _, reply = await begun(ConversationRepository(database), "me")
    return reply.generation


async def look(store: SharedLogStore) -> None:
    """What the store does after each tick."""
    store._look_at_all()
    await store._look()


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
    await look(store)
    await grown
    assert copy.read(2) == (tuple(WORDS[2:7]), 7, None, False)
    await replies.close(generation, WORDS, COMPLETED)
    await look(store)
    page = copy.read(7)
    assert page.events == tuple(WORDS[7:])
    assert page.outcome is not None


async def test_replies_that_end_together_are_read_together(
    store: SharedLogStore,
    replies: ReplyRepository,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = [await new_generation(database) for _ in range(3)]
    copies = [await store.open(id_) for id_ in ids]
    for id_ in ids:
        await replies.close(id_, WORDS, COMPLETED)
    read, asked = store._replies.with_ids, list[set[str]]()

    async def with_ids(ids: Collection[str]) -> Sequence[StoredReply]:
        asked.append(set(ids))
        return await read(ids)

    monkeypatch.setattr(store._replies, "with_ids", with_ids)
    await look(store)
    assert asked == [set(ids)]
    assert all(copy is not None and copy.read(0).outcome is not None for copy in copies)


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
    await look(store)
    assert not waiting.done()
    assert copy.read(5) == ((), 5, None, False)
    await replies.save([Piece(generation, 5, WORDS[5:6])])
    await look(store)
    await waiting
    assert copy.read(5).events == (WORDS[5],)


@pytest.mark.parametrize("outcome", [COMPLETED, INTERRUPTED])
async def test_a_cursor_beyond_a_closed_log_is_an_error_unless_a_crash_lost_the_rest(
    store: SharedLogStore, replies: ReplyRepository, generation: str, outcome: dict[str, object]
) -> None:
    copy = await store.open(generation)
    assert copy is not None
    await replies.close(generation, WORDS[:3], outcome)
    await look(store)
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
    await look(store)  # it has grown since the last one
    await look(store)
    assert copy.read(0).events == tuple(WORDS[:5])
    await replies.save([Piece(generation, 0, WORDS[:6])])
    await replies.save([Piece(generation, 6, WORDS[6:8])])
    await look(store)
    await look(store)
    assert copy.read(0).events == tuple(WORDS[:8])


async def test_a_copy_grows_with_what_is_shared_and_goes_on_from_what_was_saved(
    store: SharedLogStore, replies: ReplyRepository, generation: str
) -> None:
    await replies.save([Piece(generation, 0, WORDS[:3])])
    copy = await store.open(generation)
    assert copy is not None
    await store.share([Piece("gen_of_somebody_else_here00", 7, WORDS[:1]), Piece(generation, 3, WORDS[3:5])])
    await store._look()
    assert copy.read(0).events == tuple(WORDS[:5])
    await replies.save([Piece(generation, 3, WORDS[3:6])])
    await store.share([Piece(generation, 6, WORDS[6:7])])  # what the copy does not have yet was saved
    await store._look()
    assert copy.read(0).events == tuple(WORDS[:7])


async def test_a_copy_that_is_opened_later_has_what_was_shared_since_the_last_save(
    store: SharedLogStore, replies: ReplyRepository, database: Database, generation: str
) -> None:
    first = await store.open(generation)
    assert first is not None
    await replies.save([Piece(generation, 0, WORDS[:3])])
    await store.share([Piece(generation, 3, WORDS[3:5])])
    await store._look()
    assert first.read(0).events == tuple(WORDS[:5])
    del first
    gc.collect()
    again = await store.open(generation)
    assert again is not None
    assert again.read(0).events == tuple(WORDS[:5])
    elsewhere = new_store(database)
    other = await elsewhere.open(generation)
    assert other is not None
    await elsewhere._look()
    assert other.read(0).events == tuple(WORDS[:5])


async def test_a_copy_that_is_opened_while_tails_are_read_has_what_they_bring(
    store: SharedLogStore,
    replies: ReplyRepository,
    database: Database,
    generation: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    followed = await store.open(await new_generation(database))
    await replies.save([Piece(generation, 0, WORDS[:3])])
    await store.share([Piece(generation, 3, WORDS[3:5])])
    read, opened = store._tails.read, list[Log | None]()

    async def read_and_open(last: Mapping[str, int]) -> tuple[dict[str, int], list[Piece]]:
        brought = await read(last)
        opened.append(await store.open(generation))
        return brought

    monkeypatch.setattr(store._tails, "read", read_and_open)
    await store._look()
    (copy,) = opened
    assert followed is not None
    assert copy is not None
    assert copy.read(0).events == tuple(WORDS[:5])


async def test_what_was_shared_is_forgotten_after_a_while(
    store: SharedLogStore, database: Database, generation: str
) -> None:
    await store.share([Piece(generation, 0, WORDS[:3])])
    for left in (1, 0):
        await store._tails.forget()
        assert await rows_of_tails(database) == left


async def test_what_was_shared_by_a_server_that_is_gone_stays_until_its_replies_are_closed(
    replies: ReplyRepository, database: Database, generation: str
) -> None:
    row = {"server": "gone", "number": 0, "added_at": LONG_AGO}
    shared = encode_pieces([Piece(generation, 3, WORDS[3:5]), Piece(generation, 2, WORDS[2:3])])
    await replies.save([Piece(generation, 0, WORDS[:3])])
    await database.write(lambda connection: connection.execute(insert(tails).values(**row, pieces=shared)))
    await database.write(lambda connection: connection.execute(update(generations).values(server="gone")))
    await TailRepository(database).forget()
    (orphan,) = await orphans_closed(replies)
    await TailRepository(database).forget()
    assert await rows_of_tails(database) == 0
    closed = await replies.start_of("", orphan.generation)
    assert closed is not None
    assert closed.events == tuple(WORDS[:5])


async def rows_of_tails(database: Database) -> int:
    count = select(func.count()).select_from(tails)
    return await database.read(lambda connection: connection.scalar(count)) or 0


async def test_a_reply_that_is_deleted_ends(
    store: SharedLogStore, replies: ReplyRepository, database: Database, generation: str
) -> None:
    await replies.save([Piece(generation, 0, WORDS[:3])])
    copy = await store.open(generation)
    assert copy is not None
    await database.write(lambda connection: connection.execute(delete(conversations)))
    await look(store)
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
    await look(store)
    assert copy.read(0).events == tuple(WORDS[:3])
    del copy
    gc.collect()
    assert not store._copies


MOVES = ("say", "save", "share", "look", "read", "break", "open")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=st.lists(events.filter(lambda event: "\0" not in event.text), max_size=30),
    moves=st.lists(st.tuples(st.sampled_from(MOVES), st.integers(0, 5)),
        max_size=40),
    is_stored=st.booleans(),
)  # fmt: skip
async def test_any_interleaving_gives_a_reader_elsewhere_the_same(
    store: SharedLogStore,
    replies: ReplyRepository,
    database: Database,
    said: list[Event],
    moves: list[tuple[str, int]],
    is_stored: bool,
) -> None:
    """The writer says, shares and saves, and may not hear that it did; the reader looks, and reads some."""
    ephemeral = EphemeralRepository(database)
    if is_stored:
        generation = await new_generation(database)
    else:
        generation = new_id("gen")
        await ephemeral.add([replace(GENERATION, id=generation)])
        await ephemeral.save([Piece(generation, 0, ())], {})
    copy = await store.open(generation)
    assert copy is not None
    written = saved = shared = 0
    seen: list[Event] = []
    for move, amount in moves:
        if move == "say":
            written = min(written + amount, len(said))
        elif move == "look":
            store._looked_at_rows -= amount
            await store._look()
        elif move == "read":
            seen += copy.read(len(seen)).events[:amount]
        elif move == "open":
            del copy
            gc.collect()
            copy = await store.open(generation)
            assert copy is not None
        elif move == "share":
            if (at := max(saved, shared)) < written:
                await store.share([Piece(generation, at, said[at:written])])
                shared = written if amount else shared
        elif saved < written:
            piece = Piece(generation, saved, said[saved:written])
            await (replies.save([piece]) if is_stored else ephemeral.save([piece], {}))
            saved = written if move == "save" else saved
        assert seen == said[: len(seen)]
    if is_stored:
        await replies.close(generation, said, COMPLETED)
    else:
        await ephemeral.save([Piece(generation, saved, said[saved:])], {generation: COMPLETED})
    await look(store)
    async with aclosing(follow(copy, len(seen), window=0)) as pages:
        async for page in pages:
            seen += page.events
    assert seen == said
