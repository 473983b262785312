"""A conversation is a tree of messages; editing or asking again makes a branch, nothing is overwritten."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from headwater.generation.fold import Content, Shape

Role: TypeAlias = Literal["user", "assistant"]

Outcome: TypeAlias = Mapping[str, Any]
"""How a reply ended, as the wire says it; kept as it is."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a conversation's replies are made with; None leaves it to the default."""

    model: str | None = None
    system: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A node of the tree.

    `parent` is the id of the message before it, None at the root. A reply that was made here names its
    `generation`; while that is open, `outcome` is None and the text is in its log. `left_out` counts
    the earlier messages of the branch that the model was not given. Times are in milliseconds since 1970.
    """

    id: str
    parent: str | None
    role: Role
    text: str
    created_at: int
    reasoning: str = ""
    model: str | None = None
    outcome: Outcome | None = None
    left_out: int = 0
    generation: str | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation without its messages.

    `leaf` is the last message of the branch that is shown. `titled` says that a person wrote the title.
    `version` grows with every change. `share` is the token of its link. Times are in milliseconds since 1970.
    """

    id: str
    title: str
    titled: bool
    created_at: int
    updated_at: int
    pinned: bool
    archived: bool
    leaf: str | None
    settings: Settings
    version: int
    share: str | None


@dataclass(frozen=True, slots=True)
class Reply:
    """A closed generation, as its row has it: who asked, where it belongs, what was said, how it ended.

    `created_at` is in milliseconds since 1970.
    """

    generation: str
    client: str
    conversation: str
    message: str
    parent: str
    model: str
    content: Content
    shape: Shape
    outcome: Outcome
    created_at: int


class UnknownConversationError(Exception):
    """There is no such conversation, or it is another client's."""


class UnknownMessageError(Exception):
    """The conversation has no such message."""
