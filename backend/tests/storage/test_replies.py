from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.errors import UnavailableError
from headwater.generation.kinds.text import Text, text_of
from headwater.generation.log import Piece
from headwater.generation.parts import Event, fold, shape, unfold
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import Database, unavailable
from headwater.storage.replies import ReplyRepository
from headwater.storage.tables import pieces
from tests.storage.trees import (
    COMPLETED,
    INTERRUPTED,
    NO_IDS,
    begin,
    begun,
    events,
    new_reply,
    number,
    orphans_closed,
)

ANY = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def repository(database: Database) -> ConversationRepository:
    return ConversationRepository(database)


@pytest.fixture
def replies(database: Database) -> ReplyRepository:
    return ReplyRepository(database)


@given(said=events)
def test_content_and_shape_give_the_events_back(said: list[Event]) -> None:
    assert list(unfold(fold(said), shape(said))) == said


@ANY
@given(said=events)
async def test_a_closed_reply_is_found_as_it_was_said(
    repository: ConversationRepository, replies: ReplyRepository, said: list[Event]
) -> None:
    name, question, reply = await begun(repository, "me")
    before = await replies.find("me", reply.generation)
    assert before is not None
    assert (before.events, before.outcome) == ((), None)
    assert await replies.close(reply.generation, said, COMPLETED)
    found = await replies.find("me", reply.generation)
    assert found is not None
    assert list(found.events) == said
    assert (
        *[
            getattr(found.generation, name)
            for name in ("owner", "conversation", "message", "parent", "model")
        ],
        found.outcome,
    ) == (
        "me",
        name,
        reply.message.id,
        question.id,
        "scripted/echo",
        COMPLETED,
    )
    _, messages = await repository.read("me", name)
    assert messages[-1].parts == fold(said)
    assert (messages[-1].outcome, messages[-1].generation) == (COMPLETED, reply.generation)


@ANY
@given(said=events, cuts=st.lists(st.integers(0, 12), max_size=4), closes=st.booleans())
async def test_pieces_saved_one_after_another_are_the_reply_that_a_crash_leaves(
    database: Database,
    repository: ConversationRepository,
    replies: ReplyRepository,
    said: list[Event],
    cuts: list[int],
    closes: bool,
) -> None:
    _, _, reply = await begun(repository, "me")
    ends = sorted({min(cut, len(said)) for cut in cuts} - {0})
    for start, end in zip([0, *ends], ends, strict=False):
        await replies.save([Piece(reply.generation, start, said[start:end])])
    seen = said[: ends[-1]] if ends else []
    if closes:
        await replies.close(reply.generation, said, COMPLETED)
        seen = said
    assert len(await orphans_closed(replies)) == (0 if closes else 1)
    found = await replies.find("me", reply.generation)
    assert found is not None
    assert list(found.events) == seen
    assert found.outcome == (COMPLETED if closes else INTERRUPTED)
    assert await number(database, pieces) == 0
    assert len(await orphans_closed(replies)) == 0


async def test_the_first_to_close_a_reply_says_how_it_ended(
    repository: ConversationRepository, replies: ReplyRepository
) -> None:
    name, _, reply = await begun(repository, "me")
    before = await repository.get("me", name)
    assert await replies.close(reply.generation, [Text("one")], COMPLETED)
    once = await repository.get("me", name)
    assert not await replies.close(reply.generation, [Text("two")], INTERRUPTED)
    found = await replies.find("me", reply.generation)
    assert found is not None
    assert (found.events, found.outcome) == ((Text("one"),), COMPLETED)
    assert before.version < once.version == (await repository.get("me", name)).version


async def test_a_title_that_is_made_replaces_none_that_was_written(
    repository: ConversationRepository, replies: ReplyRepository
) -> None:
    name, question, reply = await begun(repository, "me", title="First")
    await replies.close(reply.generation, [Text("one")], COMPLETED)
    assert (await repository.get("me", name)).title == "First"
    for written, expected in ((None, "Made"), ("Written", "Written")):
        again = new_reply(question)
        await begin(repository, "me", name, again, (), None)
        if written is not None:
            await repository.change("me", name, {"title": written, "titled": True})
        await replies.close(again.generation, [Text("one")], COMPLETED, "Made")
        assert (await repository.get("me", name)).title == expected


async def test_a_closed_reply_takes_no_more_pieces(
    database: Database, repository: ConversationRepository, replies: ReplyRepository
) -> None:
    _, _, reply = await begun(repository, "me")
    await replies.close(reply.generation, [Text("one")], COMPLETED)
    await replies.save([Piece(reply.generation, 0, [Text("two")]), Piece("gen_none", 0, [Text("x")])])
    assert await number(database, pieces) == 0


async def test_a_piece_that_is_saved_again_with_more_replaces_the_first(
    repository: ConversationRepository, replies: ReplyRepository
) -> None:
    """A connection that breaks after the database has taken a piece, but before it says so."""
    _, _, reply = await begun(repository, "me")
    said = [Text("one "), Text("two "), Text("three")]
    await replies.save([Piece(reply.generation, 0, said[:1])])
    await replies.save([Piece(reply.generation, 0, said[:2])])
    await replies.save([Piece(reply.generation, 2, said[2:])])
    await orphans_closed(replies)
    found = await replies.find("me", reply.generation)
    assert found is not None
    assert list(found.events) == said


async def test_an_orphan_that_cannot_be_closed_hides_none_that_was(
    database: Database, repository: ConversationRepository
) -> None:
    class Failing(ReplyRepository):
        closed = 0

        async def close(self, *closing: Any) -> bool:
            if self.closed:
                raise unavailable("it does not answer")
            self.closed += 1
            return await super().close(*closing)

    for _ in range(2):
        await begun(repository, "me")
    orphans = []
    with pytest.raises(UnavailableError):
        async for orphan in Failing(database).close_orphans(INTERRUPTED):
            orphans.append(orphan)
    assert len(orphans) == 1


async def test_pieces_of_many_replies_are_kept_apart(
    repository: ConversationRepository, replies: ReplyRepository
) -> None:
    names = [(await begun(repository, "me"))[2].generation for _ in range(5)]
    for round_ in range(12):
        await replies.save([Piece(name, round_, [Text(f"{n}:{round_} ")]) for n, name in enumerate(names)])
    assert len(await orphans_closed(replies)) == 5
    for n, name in enumerate(names):
        found = await replies.find("me", name)
        assert found is not None
        assert text_of(found.events) == "".join(f"{n}:{round_} " for round_ in range(12))


async def test_a_reply_whose_conversation_was_removed_is_gone(
    database: Database, repository: ConversationRepository, replies: ReplyRepository
) -> None:
    name, _, reply = await begun(repository, "me")
    await replies.save([Piece(reply.generation, 0, [Text("one")])])
    await repository.delete("me", name, 5)
    await repository.purge(6)
    assert await number(database, pieces) == 0
    await replies.save([Piece(reply.generation, 1, [Text("two")])])
    assert not await replies.close(reply.generation, [Text("one")], COMPLETED)
    assert await replies.find("me", reply.generation) is None


async def test_a_reply_in_a_deleted_conversation_is_closed_but_not_found(
    repository: ConversationRepository, replies: ReplyRepository
) -> None:
    name, _, reply = await begun(repository, "me")
    await repository.delete("me", name, 5)
    assert await replies.close(reply.generation, [Text("one")], COMPLETED)
    assert await replies.find("me", reply.generation) is None
    await repository.restore("me", name)
    found = await replies.find("me", reply.generation)
    assert found is not None
    assert found.events == (Text("one"),)


async def test_a_reply_is_there_for_its_own_client_only(
    repository: ConversationRepository, replies: ReplyRepository
) -> None:
    _, _, reply = await begun(repository, "me")
    await replies.close(reply.generation, [Text("one")], COMPLETED)
    assert await replies.find("other", reply.generation) is None
    for name in NO_IDS:
        assert await replies.find("me", name) is None
