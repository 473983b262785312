"""The JSON of exported conversations, and how it is checked when it comes back."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self

import msgspec
from pydantic import Field, TypeAdapter, model_validator

from headwater.api.requests import (
    PLAIN,
    Body,
    Identifier,
    PlainText,
    Temperature,
    Tokens,
    read_json_bytes,
    validated,
)
from headwater.api.responses import Outcome, timestamp
from headwater.conversations.archive import ArchivedConversation, ArchivedMessage
from headwater.conversations.model import Settings
from headwater.errors import InvalidRequestError
from headwater.transports.json import encode_json

OPENING = b'{"format":"headwater","version":1,"conversations":['
CLOSING = b"]}\n"

Timestamp = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$")]
Place = Annotated[int, Field(ge=0)]


class ArchiveMessage(Body):
    """A message; `parent` is a place in the list of messages, counted from 0."""

    parent: Place | None
    role: Literal["user", "assistant"]
    text: PlainText
    reasoning: PlainText = ""
    model: Identifier | None = None
    outcome: Outcome | None = None
    left_out: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    created_at: Timestamp


class ArchiveConversation(Body):
    """A conversation; `leaf` is a place in the list of messages, counted from 0."""

    title: Annotated[str, Field(max_length=1000), PLAIN]
    created_at: Timestamp
    updated_at: Timestamp
    pinned: bool = False
    archived: bool = False
    model: Identifier | None = None
    system: PlainText | None = None
    temperature: Temperature | None = None
    max_tokens: Tokens | None = None
    leaf: Place | None = None
    messages: list[ArchiveMessage]

    @model_validator(mode="after")
    def places_exist(self) -> Self:
        """Refuse a parent that does not stand before its child, and a leaf that is not there."""
        for place, message in enumerate(self.messages):
            if message.parent is not None and message.parent >= place:
                raise ValueError(f"messages.{place}.parent is not the place of an earlier message")
        if self.leaf is not None and self.leaf >= len(self.messages):
            raise ValueError("leaf is not the place of a message")
        for time in (self.created_at, self.updated_at, *(message.created_at for message in self.messages)):
            _milliseconds(time)
        return self

    def archived_conversation(self) -> ArchivedConversation:
        """The same, as the use case takes it."""
        last = len(self.messages) - 1
        return ArchivedConversation(
            title=self.title,
            created_at=_milliseconds(self.created_at),
            updated_at=_milliseconds(self.updated_at),
            pinned=self.pinned,
            archived=self.archived,
            settings=Settings(self.model, self.system, self.temperature, self.max_tokens),
            leaf=self.leaf if self.leaf is not None or last < 0 else last,
            messages=tuple(
                ArchivedMessage(
                    parent=message.parent,
                    role=message.role,
                    text=message.text,
                    reasoning=message.reasoning,
                    model=message.model,
                    outcome=None if message.outcome is None else _OUTCOME.dump_python(message.outcome),
                    left_out=message.left_out,
                    created_at=_milliseconds(message.created_at),
                )
                for message in self.messages
            ),
        )


class Archive(Body):
    """Exported conversations."""

    format: Literal["headwater"]
    version: Literal[1]
    conversations: list[ArchiveConversation]


async def read_archive(limit: int) -> list[ArchivedConversation]:
    """The request's body, of at most so many bytes.

    It is checked a conversation at a time, so that replies go on meanwhile. Raises `ProblemError`.
    """
    try:
        envelope = msgspec.json.decode(await read_json_bytes(limit), type=_Envelope)
    except (msgspec.DecodeError, RecursionError) as error:
        wrong = str(error)
        raise InvalidRequestError(f"The body is not an export of conversations: {wrong}.") from None
    archived = []
    for place, raw in enumerate(envelope.conversations):
        given = validated(ArchiveConversation, bytes(raw), f"conversations.{place}")
        archived.append(given.archived_conversation())
        await asyncio.sleep(0)
    return archived


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    """What is around the conversations, which stay JSON."""

    format: Literal["headwater"]
    version: Literal[1]
    conversations: list[msgspec.Raw]


_EPOCH = datetime.fromtimestamp(0, UTC)
_OUTCOME: TypeAdapter[Any] = TypeAdapter(Outcome)


def encode_archived(archived: ArchivedConversation) -> bytes:
    """One conversation of an archive, as JSON; the same one is always the same bytes."""
    settings = archived.settings
    return encode_json(
        {
            "title": archived.title,
            "created_at": timestamp(archived.created_at),
            "updated_at": timestamp(archived.updated_at),
            "pinned": archived.pinned,
            "archived": archived.archived,
            "model": settings.model,
            "system": settings.system,
            "temperature": settings.temperature,
            "max_tokens": settings.max_tokens,
            "leaf": archived.leaf,
            "messages": [
                {
                    "parent": message.parent,
                    "role": message.role,
                    "text": message.text,
                    "reasoning": message.reasoning,
                    "model": message.model,
                    "outcome": message.outcome,
                    "left_out": message.left_out,
                    "created_at": timestamp(message.created_at),
                }
                for message in archived.messages
            ],
        }
    )


def _milliseconds(time: str) -> int:
    """RFC 3339 in UTC as milliseconds since 1970. Raises `ValueError`."""
    return (datetime.fromisoformat(time) - _EPOCH) // timedelta(milliseconds=1)
