"""An import adds nothing that its owner has already under another id, and drops nothing else."""

import pytest

from headwater.conversations.model import Conversation, Message, Settings, plain
from headwater.ids import new_id
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import Database
from headwater.storage.recognition import Archived


@pytest.fixture
def repository(database: Database) -> ConversationRepository:
    return ConversationRepository(database)


def conversation(*texts: str, settings: Settings = Settings()) -> Archived:
    """A conversation under new ids; all have the same title and times."""
    messages: list[Message] = []
    for number, text in enumerate(texts):
        parent = messages[-1].id if messages else None
        messages.append(
            Message(new_id("msg"), parent, "assistant" if number % 2 else "user", plain(text), number)
        )
    leaf = messages[-1].id if messages else None
    return Conversation(new_id("conv"), "a title", 1, 1, settings=settings, leaf=leaf), messages


async def test_each_of_two_is_recognised_although_one_is_a_beginning_of_the_other(
    repository: ConversationRepository,
) -> None:
    for owner in map(str, range(6)):  # ids are random, and so is the order of what is read
        for own in (conversation("q"), conversation("q", "a")):
            await repository.insert(owner, [own])
        again = [conversation("q"), conversation("q", "a")]
        assert (await repository.insert(owner, again)).ids == []


async def test_one_without_messages_is_recognised_by_its_settings(repository: ConversationRepository) -> None:
    settings = Settings(system="You are a pirate.")
    await repository.insert("me", [conversation("q", "a"), conversation(settings=settings)])
    other = conversation(settings=Settings(system="You are a poet."))
    assert (await repository.insert("me", [other, conversation(settings=settings)])).ids == [other[0].id]


async def test_what_went_another_way_is_added(repository: ConversationRepository) -> None:
    await repository.insert("me", [conversation("q", "a")])
    other = conversation("q", "another")
    assert (await repository.insert("me", [other])).ids == [other[0].id]
