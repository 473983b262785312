"""What can be asked for: a reply to a new message, another reply, or a reply outside any conversation."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from headwater.conversations.model import Settings
from headwater.generation.provider import PromptMessage, Sampling
from headwater.replies.readers import WhenUnread

ROOT = "root"
"""In place of a parent: the message is another beginning of its conversation."""

_DEFAULTS = Settings()
_NO_SAMPLING = Sampling()


class Storage(Enum):
    """Whether a reply becomes a message of its conversation, or is gone when its log leaves memory."""

    STORED = "stored"
    EPHEMERAL = "ephemeral"


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids that a client chose for what its request makes; None leaves one to the server."""

    conversation: str | None = None
    message: str | None = None
    reply: str | None = None
    generation: str | None = None


NO_IDS = Ids()


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message, and a reply to it. Without a `parent` it follows the newest message.

    `settings` become those of a conversation that begins; `overrides` are for this reply alone, and their
    system prompt comes before the conversation's. The messages `earlier` come between the parent and this
    one.
    """

    message: str
    conversation: str | None = None
    parent: str | None = None
    settings: Settings = _DEFAULTS
    overrides: Settings = _DEFAULTS
    earlier: tuple[PromptMessage, ...] = ()
    sampling: Sampling = _NO_SAMPLING
    script: object = None
    storage: Storage = Storage.STORED
    ids: Ids = NO_IDS


@dataclass(frozen=True, slots=True)
class Regenerate:
    """Another reply to a user's message, or the continuation of a reply: to `message`."""

    conversation: str
    message: str
    settings: Settings = _DEFAULTS
    script: object = None
    ids: Ids = NO_IDS


@dataclass(frozen=True, slots=True)
class Stateless:
    """A message with all that comes before it, from a client that keeps its conversations itself.

    `conversation` is the client's own name for it, which is that of no stored one.
    """

    messages: tuple[PromptMessage, ...]
    settings: Settings = _DEFAULTS
    script: object = None
    sampling: Sampling = _NO_SAMPLING
    conversation: str | None = None
    ids: Ids = NO_IDS


ReplyRequest: TypeAlias = NewMessage | Regenerate | Stateless


@dataclass(frozen=True, slots=True)
class StartOptions:
    """How a reply is started, whatever it is to.

    `arrived` is when the request did, on the clock of the event loop; None is now. `when_unread` of None is
    what is configured for all.
    """

    idempotency_key: str | None = None
    arrived: float | None = None
    when_unread: WhenUnread | None = None
