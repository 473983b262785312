import pytest

from headwater.conversations.model import UnknownConversationError
from headwater.errors import ConflictError
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import Database
from headwater.storage.shares import Shared, ShareRepository
from tests.storage.trees import NO_IDS, begin, begun, kept, new_conversation, new_reply


@pytest.fixture
def repository(database: Database) -> ConversationRepository:
    return ConversationRepository(database)


@pytest.fixture
def shares(database: Database) -> ShareRepository:
    return ShareRepository(database)


async def test_a_link_shows_the_branch_of_then_and_nothing_later(
    repository: ConversationRepository, shares: ShareRepository
) -> None:
    conversation, said = await kept(repository, "me", "one", "two", "three")
    await repository.change("me", conversation.id, {"leaf": said[1].id})
    token = await shares.share("me", conversation.id, 5)
    assert await shares.find(token) == Shared("A title", tuple(said))
    later = new_reply(said[2])
    await begin(repository, "me", conversation.id, later, (), None)
    aside = new_reply(said[0])
    await begin(repository, "me", conversation.id, aside, (), None)
    assert await shares.find(token) == Shared("A title", tuple(said))
    assert await shares.share("me", conversation.id, 6) == token
    shared = await shares.find(token)
    assert shared is not None
    assert [message.id for message in shared.messages] == [said[0].id, aside.message.id]


async def test_a_link_that_was_taken_back_shows_nothing_and_the_next_is_another(
    repository: ConversationRepository, shares: ShareRepository
) -> None:
    conversation, said = await kept(repository, "me", "one")
    token = await shares.share("me", conversation.id, 5)
    assert (await repository.get("me", conversation.id)).share == token
    assert await shares.unshare("me", conversation.id)
    assert await shares.find(token) is None
    assert (await repository.get("me", conversation.id)).share is None
    assert not await shares.unshare("me", conversation.id)
    again = await shares.share("me", conversation.id, 6)
    assert again != token
    assert await shares.find(token) is None
    assert await shares.find(again) == Shared("A title", tuple(said))


async def test_a_link_to_what_is_deleted_shows_nothing_until_it_is_restored(
    repository: ConversationRepository, shares: ShareRepository
) -> None:
    conversation, said = await kept(repository, "me", "one")
    token = await shares.share("me", conversation.id, 5)
    await repository.delete("me", conversation.id, 6)
    assert await shares.find(token) is None
    for asked in (shares.share("me", conversation.id, 7), shares.unshare("me", conversation.id)):
        with pytest.raises(UnknownConversationError):
            await asked
    await repository.restore("me", conversation.id)
    assert await shares.find(token) == Shared("A title", tuple(said))
    await repository.delete("me", conversation.id, 6)
    await repository.purge(7)
    assert await shares.find(token) is None


async def test_only_its_owner_shares_a_conversation(
    repository: ConversationRepository, shares: ShareRepository
) -> None:
    conversation, said = await kept(repository, "me", "one")
    empty = new_conversation()
    await repository.insert("me", [(empty, [])])
    token = await shares.share("me", conversation.id, 5)
    before = await repository.get("me", conversation.id)
    for name in (conversation.id, "conv_none", *NO_IDS):
        for asked in (shares.share("other", name, 5), shares.unshare("other", name)):
            with pytest.raises(UnknownConversationError):
                await asked
    with pytest.raises(ConflictError):
        await shares.share("me", empty.id, 5)
    for unknown in ("none", conversation.id, token.swapcase(), *NO_IDS):
        assert await shares.find(unknown) is None
    assert await repository.get("me", conversation.id) == before
    assert await shares.find(token) == Shared("A title", tuple(said))


async def test_sharing_is_a_change(repository: ConversationRepository, shares: ShareRepository) -> None:
    name, _, _ = await begun(repository, "me")
    versions = [(await repository.get("me", name)).version]
    await shares.share("me", name, 5)
    versions.append((await repository.get("me", name)).version)
    await shares.unshare("me", name)
    versions.append((await repository.get("me", name)).version)
    assert versions == sorted(set(versions))
