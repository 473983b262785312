"""Requests for replies: to a new message, to an old one, or outside any conversation."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

import msgspec

from headwater.conversations.model import Settings, Storage
from headwater.errors import InvalidRequestError, TooLargeError
from headwater.generation.provider import PromptMessage, Sampling
from headwater.replies.unread import WhenUnread

ROOT = "root"
"""Instead of a parent: the message becomes another root of its conversation."""


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids that a client chose for new things; None means that the server chooses."""

    conversation: str | None = None
    message: str | None = None
    reply: str | None = None
    generation: str | None = None


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A reply to a new message. Without a `parent`, the message follows the newest one.

    A new conversation keeps `settings`. `overrides` are for this reply alone, and their system prompt comes
    before that of the conversation. The messages `earlier` go between the parent and the new message.
    """

    message: str
    conversation: str | None = None
    parent: str | None = None
    settings: Settings = Settings()
    overrides: Settings = Settings()
    earlier: tuple[PromptMessage, ...] = ()
    sampling: Sampling = Sampling()
    script: object = None
    storage: Storage = Storage.STORED
    ids: Ids = Ids()


@dataclass(frozen=True, slots=True)
class Regenerate:
    """Another reply to a stored message, or the continuation of a stored reply."""

    conversation: str
    message: str
    settings: Settings = Settings()
    script: object = None
    ids: Ids = Ids()


@dataclass(frozen=True, slots=True)
class Stateless:
    """A reply to a whole conversation that the client keeps itself.

    `conversation` is the client's own name for it, never the id of a stored conversation.
    """

    messages: tuple[PromptMessage, ...]
    settings: Settings = Settings()
    script: object = None
    sampling: Sampling = Sampling()
    conversation: str | None = None
    ids: Ids = Ids()


ReplyRequest: TypeAlias = NewMessage | Regenerate | Stateless


def require_valid(request: ReplyRequest, max_message_chars: int) -> None:
    """Refuse a request that is wrong by itself, whatever is stored. Raises `ProblemError`."""
    match request:
        case NewMessage():
            _require_lengths(
                [*(message.text for message in request.earlier), request.message],
                max_message_chars,
                "message",
            )
            if not request.message.strip():
                raise InvalidRequestError("message is blank; it takes some text.", field="message")
            if request.conversation is None and request.parent is not None:
                raise InvalidRequestError("parent needs conversation as well.", field="parent")
            if request.conversation is not None and request.ids.conversation is not None:
                raise InvalidRequestError(
                    "ids.conversation is for a new conversation; leave it out.", field="ids.conversation"
                )
        case Stateless():
            texts = [message.text for message in request.messages]
            _require_lengths(texts, max_message_chars, "messages")
            if not any(map(str.strip, texts)):
                raise InvalidRequestError("messages has no text to reply to.", field="messages")


def _require_lengths(texts: Iterable[str], most: int, field: str) -> None:
    for text in texts:
        if len(text) > most:
            raise TooLargeError(f"A message has {len(text)} characters; it may have {most}.", field=field)


def digests(request: ReplyRequest) -> dict[str, bytes]:
    """A digest of each member of a request but its ids, by which a repeated request is recognised.

    Only members that a version knows are in here. So a later version compares no member that it has added.
    """
    members: dict[str, object] = {"kind": type(request).__name__}
    for name, value in msgspec.to_builtins(request).items():
        if isinstance(value, dict):
            members |= {f"{name}.{inner}": value[inner] for inner in value}
        else:
            members[name] = value
    return {
        name: sha256(msgspec.msgpack.encode(value)).digest()[:8]
        for name, value in members.items()
        if not name.startswith("ids.")
    }


@dataclass(frozen=True, slots=True)
class StartOptions:
    """Options of any start.

    `arrived` is the time of the request on the clock of the event loop; None means now. If `when_unread` is
    None, the configured default applies.
    """

    idempotency_key: str | None = None
    arrived: float | None = None
    when_unread: WhenUnread | None = None
