"""Archives: conversations without ids, in the form in which they are exported and imported."""

from collections.abc import Sequence
from dataclasses import asdict

from headwater.conversations.fences import with_closed_fence
from headwater.conversations.model import Conversation, Message, timestamp
from headwater.generation.codec import JsonObject


def to_archive(conversation: Conversation, messages: Sequence[Message]) -> JsonObject:
    """A conversation with its messages, oldest first; `parent` and `leaf` are indexes of messages."""
    index = {message.id: number for number, message in enumerate(messages)}
    return {
        "title": conversation.title,
        "created_at": timestamp(conversation.created_at),
        "updated_at": timestamp(conversation.updated_at),
        "pinned": conversation.pinned,
        "archived": conversation.archived,
        **asdict(conversation.settings),
        "leaf": None if conversation.leaf is None else index.get(conversation.leaf),
        "messages": [
            {"parent": None if message.parent is None else index[message.parent], **message.members()}
            for message in messages
        ],
    }


def to_markdown(conversation: Conversation, branch: Sequence[Message]) -> str:
    """A branch as Markdown. A reply and its continuation are one section."""
    lines = [f"# {conversation.title or 'Conversation'}", ""]
    if conversation.settings.system:
        lines += [*(f"> {line}".rstrip() for line in conversation.settings.system.splitlines()), ""]
    sections: list[tuple[str, str]] = []
    previous: Message | None = None
    for message in branch:
        if previous is not None and previous.role == message.role == "assistant":
            speaker, text = sections[-1]
            sections[-1] = (speaker, text + message.text)
        else:
            sections.append((_speaker(message), message.text))
        previous = message
    for speaker, text in sections:
        lines += [f"## {speaker}", "", with_closed_fence(text), ""]
    return "\n".join(lines)


def _speaker(message: Message) -> str:
    if message.role == "user":
        return "You"
    return message.model or "Reply"
