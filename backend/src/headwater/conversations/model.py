"""A conversation is a tree of messages; editing or asking again makes a branch, nothing is overwritten."""

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

Role: TypeAlias = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """A node of the tree.

    `parent` is the id of the message before it, None at the root. A reply names the `generation` it
    comes from, and its `text` is None until that generation is closed: till then its log has the text.
    """

    id: str
    parent: str | None
    role: Role
    text: str | None
    generation: str | None = None


class Conversations(Protocol):
    """Where conversations are kept."""

    async def create(self, client: str) -> str:
        """Make an empty conversation that belongs to a client; returns its id."""
        ...

    async def branch(self, client: str, conversation: str, leaf: str | None) -> tuple[Message, ...]:
        """The messages from the root to `leaf` (None: the newest message), oldest first.

        Raises `UnknownConversationError` when the client has no such conversation and
        `UnknownMessageError` when it has no such message.
        """
        ...

    async def add(self, conversation: str, messages: tuple[Message, ...]) -> None:
        """Add messages, parents first; the last one becomes the newest.

        Raises `UnknownConversationError`.
        """
        ...

    async def complete(self, conversation: str, message: str, text: str) -> None:
        """Write the text of a reply whose generation is closed; a conversation that is gone stays gone."""
        ...


class UnknownConversationError(Exception):
    """There is no such conversation, or it is another client's."""


class UnknownMessageError(Exception):
    """The conversation has no such message."""
