"""A conversation is a tree of messages; editing or asking again makes a branch, nothing is overwritten.

A message is one record everywhere: in storage, in archives, and in what the API returns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Literal, TypeAlias

import msgspec

from headwater.errors import NotFoundError
from headwater.generation.codec import JsonObject, message_members
from headwater.generation.kinds.text import Text, text_of
from headwater.generation.parts import Parts

Role: TypeAlias = Literal["user", "assistant"]

OutcomeObject: TypeAlias = Mapping[str, Any]
"""The JSON object of an outcome, from `codec.outcome_object`; stored unchanged."""

_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a conversation's replies; None means the default."""

    model: str | None = None
    system: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None


class Message(msgspec.Struct, frozen=True):
    """A node of the tree.

    `parent` is the id of the message before it, None at the root. Every reply but an imported one has a
    `generation`; while that is open, `outcome` is None and the parts are in its log. `omitted` counts the
    earlier messages of the branch that did not fit into the model's context. Times are in milliseconds since
    1970.
    """

    id: str
    parent: str | None
    role: Role
    parts: Parts
    created_at: int
    model: str | None = None
    outcome: OutcomeObject | None = None
    omitted: int = 0
    generation: str | None = None

    @property
    def text(self) -> str:
        """All text of the message, joined."""
        return text_of(self.parts)

    def members(self) -> JsonObject:
        """The members of the message on the wire and in archives, without its ids."""
        return {
            "role": self.role,
            **message_members(self.parts),
            "model": self.model,
            "outcome": self.outcome,
            "left_out": self.omitted,
            "created_at": timestamp(self.created_at),
        }


def plain(text: str) -> Parts:
    """The parts of a message that is only text."""
    return (Text(text),) if text else ()


def timestamp(milliseconds: int) -> str:
    """Milliseconds since 1970 as RFC 3339 in UTC: `2026-11-22T10:00:00.000Z`."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC).replace(microsecond=milliseconds % 1000 * 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(time: str) -> int:
    """RFC 3339 in UTC as milliseconds since 1970. Raises `ValueError`."""
    return (datetime.fromisoformat(time) - _EPOCH) // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation without its messages.

    `leaf` is the last message of the branch that is shown. `titled` is true once a person wrote the title.
    `version` grows with every change. `share` is the token of its link. Times are in milliseconds since 1970.
    """

    id: str
    title: str
    created_at: int
    updated_at: int
    titled: bool = False
    pinned: bool = False
    archived: bool = False
    leaf: str | None = None
    settings: Settings = Settings()
    version: int = 1
    share: str | None = None


class Storage(Enum):
    """Whether a reply is stored in its conversation, or gone when its log leaves memory."""

    STORED = "stored"
    EPHEMERAL = "ephemeral"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GenerationRecord:
    """One run of a model, which writes the message `message` in reply to the message `parent`.

    An ephemeral one has no message in the database. `created_at` is in milliseconds since 1970.
    """

    id: str
    owner: str
    conversation: str
    message: str
    parent: str
    model: str
    created_at: int
    storage: Storage = Storage.STORED

    @property
    def is_stored(self) -> bool:
        """Whether the message is, or will be, in the database."""
        return self.storage is Storage.STORED


class UnknownConversationError(NotFoundError):
    """The conversation does not exist, or somebody else owns it."""

    def __init__(self, conversation: str) -> None:
        super().__init__(f"There is no conversation {conversation!r} (any more).")


class UnknownMessageError(NotFoundError):
    """The conversation has no such message."""

    def __init__(self, message: str) -> None:
        super().__init__(f"The conversation has no message {message!r}.")
