import pytest

from headwater.conversations.memory import MESSAGE_COST, MemoryConversations
from headwater.conversations.model import Message, UnknownConversationError, UnknownMessageError


def question(id_: str, parent: str | None = None, text: str = "q") -> Message:
    return Message(id_, parent, "user", text)


async def ids(conversations: MemoryConversations, conversation: str, leaf: str | None = None) -> list[str]:
    return [message.id for message in await conversations.branch("me", conversation, leaf)]


async def test_a_branch_leads_from_the_root_to_the_leaf() -> None:
    kept = MemoryConversations()
    name = await kept.create("me")
    assert await ids(kept, name) == []
    await kept.add(name, (question("q1"), Message("a1", "q1", "assistant", "a")))
    await kept.add(name, (question("q2", "a1"),))
    await kept.add(name, (question("q3", "a1"),))
    assert await ids(kept, name) == ["q1", "a1", "q3"]
    assert await ids(kept, name, "q2") == ["q1", "a1", "q2"]
    assert await ids(kept, name, "q1") == ["q1"]


async def test_a_reply_gets_its_text_when_it_is_complete() -> None:
    kept = MemoryConversations()
    name = await kept.create("me")
    await kept.add(name, (question("q1"), Message("a1", "q1", "assistant", None, "gen_1")))
    await kept.add(name, (question("q2", "a1"),))
    await kept.complete(name, "a1", "the answer")
    branch = await kept.branch("me", name, None)
    assert [message.text for message in branch] == ["q", "the answer", "q"]


async def test_what_is_not_there_or_not_mine_is_unknown() -> None:
    kept = MemoryConversations()
    name = await kept.create("me")
    for client, conversation in (("me", "none"), ("you", name)):
        with pytest.raises(UnknownConversationError):
            await kept.branch(client, conversation, None)
    with pytest.raises(UnknownMessageError):
        await kept.branch("me", name, "none")
    with pytest.raises(UnknownConversationError):
        await kept.add("none", (question("q"),))
    await kept.complete("none", "a", "text")


async def test_conversations_unused_for_longest_are_forgotten_first() -> None:
    kept = MemoryConversations(capacity=3 * (MESSAGE_COST + 1000))
    names = [await kept.create("me") for _ in range(3)]
    for name in names:
        await kept.add(name, (question("q1", text="x" * 1000),))
    await kept.add(names[0], (question("q2", "q1", text="x"),))
    assert await ids(kept, names[0]) == ["q1", "q2"]
    with pytest.raises(UnknownConversationError):
        await ids(kept, names[1])
    assert await ids(kept, names[2]) == ["q1"]


async def test_a_single_conversation_is_kept_however_long() -> None:
    kept = MemoryConversations(capacity=10)
    name = await kept.create("me")
    await kept.add(name, (question("q1", text="x" * 1000), question("q2", "q1")))
    assert await ids(kept, name) == ["q1", "q2"]
