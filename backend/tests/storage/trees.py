"""Conversations for tests: trees of any form, and texts of any kind."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st
from sqlalchemy import Table, func, select

from headwater.conversations.model import Conversation, GenerationRecord, Message, Settings, plain
from headwater.generation.kinds.reasoning import Reasoning
from headwater.generation.kinds.text import Text
from headwater.generation.parts import fold
from headwater.ids import new_id
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import Database
from headwater.storage.replies import Orphan, ReplyRepository

COMPLETED = {"status": "completed", "reason": "stop", "usage": None, "timing": None}
INTERRUPTED = {"status": "interrupted", "usage": None, "timing": None}

NO_IDS = ["", " ", "a b", "ä", "x" * 101, "\0", "'; DROP TABLE messages; --", "%", "\ud800", "conv_1\n"]
"""What cannot be an id."""

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
"""Every kind of Unicode but U+0000 and lone surrogates."""

events = st.lists(
    st.one_of(st.builds(Text, texts.filter(bool)), st.builds(Reasoning, texts.filter(bool))),
    max_size=12,
)
"""What a reply may say, text and reasoning in any order."""

times = st.integers(0, 4_102_444_800_000)
outcomes = st.none() | st.sampled_from([COMPLETED, INTERRUPTED])


_times = itertools.count(1_000)


async def orphans_closed(
    replies: ReplyRepository, is_known: Callable[[str], bool] = lambda _: False
) -> list[Orphan]:
    """Close all orphans as interrupted."""
    return [orphan async for orphan in replies.close_orphans(INTERRUPTED, is_known)]


class NewReply(NamedTuple):
    """The message of a reply that begins, still empty, and the id of its generation."""

    message: Message
    generation: str


def new_message(parent: Message | None, text: str, **named: Any) -> Message:
    """A message after another one, at the root without one; roles take turns."""
    role = "user" if parent is None or parent.role == "assistant" else "assistant"
    values = {"id": new_id("msg"), "role": role, "created_at": 1_000, "parts": plain(text), **named}
    return Message(parent=None if parent is None else parent.id, **values)


def line(*said: str) -> list[Message]:
    """Messages one after another."""
    messages: list[Message] = []
    for text in said:
        messages.append(new_message(messages[-1] if messages else None, text))
    return messages


def new_conversation(messages: Sequence[Message] = (), title: str = "A title", **named: Any) -> Conversation:
    """A conversation whose leaf is the last of the messages, created later than the one before."""
    values: dict[str, Any] = {
        "id": new_id("conv"),
        "titled": False,
        "created_at": next(_times),
        "updated_at": 1_000,
        "pinned": False,
        "archived": False,
        "leaf": messages[-1].id if messages else None,
        "settings": Settings(),
        "version": 1,
        "share": None,
        **named,
    }
    return Conversation(title=title, **values)


async def kept(
    repository: ConversationRepository, client: str, *said: str, title: str = "A title", **named: Any
) -> tuple[Conversation, list[Message]]:
    """A conversation that is kept, with messages one after another."""
    messages = line(*said)
    conversation = new_conversation(messages, title, **named)
    await repository.insert(client, [(conversation, messages)])
    return conversation, messages


async def begun(
    repository: ConversationRepository, client: str, question: str = "Why?", title: str = "A title"
) -> tuple[str, Message, NewReply]:
    """A conversation that begins: its id, its question and its reply."""
    name = new_id("conv")
    asked = new_message(None, question)
    reply = new_reply(asked)
    await begin(repository, client, name, reply, (asked,), (title, Settings()))
    return name, asked, reply


def new_reply(parent: Message, at: int = 1_000) -> NewReply:
    """A reply that begins."""
    message = new_message(parent, "", role="assistant", model="scripted/echo", created_at=at)
    return NewReply(message, new_id("gen"))


async def begin(
    repository: ConversationRepository,
    client: str,
    conversation: str,
    reply: NewReply,
    written: tuple[Message, ...] = (),
    begins: tuple[str, Settings] | None = None,
) -> None:
    """Begin a reply, with the title and the settings of its conversation if that begins too."""
    created = reply.message.created_at
    generation = GenerationRecord(
        id=reply.generation,
        owner=client,
        conversation=conversation,
        message=reply.message.id,
        parent=reply.message.parent or "",
        model=reply.message.model or "",
        created_at=created,
    )
    new = (
        None
        if begins is None
        else Conversation(conversation, begins[0], created, created, settings=begins[1])
    )
    await repository.begin(generation, (*written, reply.message), new)


async def number(database: Database, table: Table) -> int:
    """How many rows a table has."""
    query = select(func.count()).select_from(table)
    return await database.read(lambda connection: connection.scalar(query)) or 0


def walk(messages: Sequence[Message], leaf: str) -> list[Message]:
    """The branch to a message, the plain way."""
    by_id = {message.id: message for message in messages}
    path = [by_id[leaf]]
    while path[-1].parent is not None:
        path.append(by_id[path[-1].parent])
    return path[::-1]


@st.composite
def trees(draw: st.DrawFn) -> list[Message]:
    """Messages of any tree (or several roots), parents first."""
    messages: list[Message] = []
    for n in range(draw(st.integers(1, 12))):
        parent = draw(st.none() | st.integers(0, n - 1)) if n else None
        messages.append(
            Message(
                id=new_id("msg"),
                parent=None if parent is None else messages[parent].id,
                role=draw(st.sampled_from(["user", "assistant"])),
                parts=fold(draw(events)),
                created_at=draw(times),
                model=draw(st.none() | texts),
                outcome=draw(outcomes),
                omitted=draw(st.integers(0, 2**31 - 1)),
            )
        )
    return messages


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Conversation, list[Message]]:
    """A conversation of any form with its messages."""
    messages = draw(trees() | st.just([]))
    settings = Settings(
        draw(st.none() | texts),
        draw(st.none() | texts),
        draw(st.none() | st.floats(0, 2)),
        draw(st.none() | st.integers(1, 2**31 - 1)),
    )
    conversation = new_conversation(
        messages,
        draw(texts),
        created_at=draw(times),
        updated_at=draw(times),
        pinned=draw(st.booleans()),
        archived=draw(st.booleans()),
        titled=draw(st.booleans()),
        leaf=draw(st.sampled_from([message.id for message in messages])) if messages else None,
        settings=settings,
    )
    return conversation, messages
