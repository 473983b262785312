"""Conversations without ids, so that they can be taken elsewhere: what is exported and imported."""

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.conversations.model import Conversation, Message, Outcome, Role, Settings
from headwater.ids import new_id


@dataclass(frozen=True, slots=True)
class ArchivedMessage:
    """See `Message`; `parent` is a place in the list of messages, counted from 0."""

    parent: int | None
    role: Role
    text: str
    reasoning: str
    model: str | None
    outcome: Outcome | None
    left_out: int
    created_at: int


@dataclass(frozen=True, slots=True)
class ArchivedConversation:
    """See `Conversation`; `leaf` is a place in the list of messages, counted from 0."""

    title: str
    created_at: int
    updated_at: int
    pinned: bool
    archived: bool
    settings: Settings
    leaf: int | None
    messages: tuple[ArchivedMessage, ...]


def to_archive(conversation: Conversation, messages: Sequence[Message]) -> ArchivedConversation:
    """A conversation with its messages, oldest first, without ids."""
    places = {message.id: place for place, message in enumerate(messages)}
    return ArchivedConversation(
        title=conversation.title,
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
        pinned=conversation.pinned,
        archived=conversation.archived,
        settings=conversation.settings,
        leaf=None if conversation.leaf is None else places.get(conversation.leaf),
        messages=tuple(
            ArchivedMessage(
                parent=None if message.parent is None else places[message.parent],
                role=message.role,
                text=message.text,
                reasoning=message.reasoning,
                model=message.model,
                outcome=message.outcome,
                left_out=message.left_out,
                created_at=message.created_at,
            )
            for message in messages
        ),
    )


def from_archive(archived: ArchivedConversation) -> tuple[Conversation, list[Message]]:
    """The conversation and its messages under new ids.

    Every parent stands before its child, and `leaf` names a message.
    """
    ids = [new_id("msg") for _ in archived.messages]
    messages = [
        Message(
            id=name,
            parent=None if message.parent is None else ids[message.parent],
            role=message.role,
            text=message.text,
            created_at=message.created_at,
            reasoning=message.reasoning,
            model=message.model,
            outcome=message.outcome,
            left_out=message.left_out,
        )
        for name, message in zip(ids, archived.messages, strict=True)
    ]
    conversation = Conversation(
        id=new_id("conv"),
        title=archived.title,
        titled=True,
        created_at=archived.created_at,
        updated_at=archived.updated_at,
        pinned=archived.pinned,
        archived=archived.archived,
        leaf=None if archived.leaf is None else ids[archived.leaf],
        settings=archived.settings,
        version=1,
        share=None,
    )
    return conversation, messages


def to_markdown(conversation: Conversation, branch: Sequence[Message]) -> str:
    """A branch for people to read. A reply and what goes on with it stand as one."""
    lines = [f"# {conversation.title or 'Conversation'}", ""]
    if conversation.settings.system:
        lines += [*(f"> {line}".rstrip() for line in conversation.settings.system.splitlines()), ""]
    before: Message | None = None
    for message in branch:
        if before is not None and before.role == message.role == "assistant":
            lines[-2] += message.text
        else:
            lines += [f"## {_speaker(message)}", "", message.text, ""]
        before = message
    return "\n".join(lines)


def _speaker(message: Message) -> str:
    if message.role == "user":
        return "You"
    return message.model or "Reply"
