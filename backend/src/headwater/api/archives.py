"""Export and import: the routes, the JSON of an archive, and its validation."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Literal, Self

import msgspec
from pydantic import Field, model_validator
from quart import Blueprint, Response
from quart_schema import document_querystring, document_request, document_response

from headwater.api import responses
from headwater.api.describe import answers_as
from headwater.api.parts_and_outcomes import Outcome, Part
from headwater.api.principals import principal
from headwater.api.requests import (
    PLAIN,
    WHOLE,
    Body,
    Identifier,
    PlainText,
    Query,
    SettingsBody,
    read_json_bytes,
    read_query,
    validated,
)
from headwater.api.responses import ImportResult
from headwater.api.streaming import JSON
from headwater.conversation_service import ConversationService
from headwater.conversations.model import Conversation, Message, milliseconds
from headwater.errors import InvalidRequestError
from headwater.generation.codec import parse_parts, text_members
from headwater.generation.parts import Parts
from headwater.ids import derived_id
from headwater.storage.conversations import Imported
from headwater.storage.recognition import Archived
from headwater.transports.wire import encode_json

OPENING = b'{"format":"headwater","version":1,"conversations":['
CLOSING = b"]}\n"

ARCHIVE_BYTES = 64 * 1024 * 1024
"""The longest archive that is imported."""

_YEAR = "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_FOURTH = "(0[48]|[2468][048]|[13579][26])"
_LEAP_YEAR = f"([0-9]{{2}}{_FOURTH}|{_FOURTH}00)"
_31_DAYS = "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
_30_DAYS = "(0[469]|11)-(0[1-9]|[12][0-9]|30)"
_28_DAYS = "02-(0[1-9]|1[0-9]|2[0-8])"
_DATE = f"({_YEAR}-({_31_DAYS}|{_30_DAYS}|{_28_DAYS})|{_LEAP_YEAR}-02-29)"
_TIME = r"([01][0-9]|2[0-3])(:[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?)?"

Timestamp = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$"),
    Field(json_schema_extra={"pattern": f"^{_DATE}T{_TIME}Z$"}),
]
"""A time in UTC. The schema describes those that exist; requests are validated by `milliseconds`."""

Index = Annotated[int, Field(ge=0), WHOLE]


class ArchiveMessage(Body):
    """A message; `parent` is the index of a message."""

    parent: Index | None
    role: Literal["user", "assistant"]
    text: PlainText
    reasoning: PlainText = ""
    model: Identifier | None = None
    outcome: Outcome | None = None
    left_out: Annotated[int, Field(ge=0, le=2**31 - 1), WHOLE] = 0
    created_at: Timestamp
    parts: list[Part] | None = None

    @model_validator(mode="after")
    def parts_agree(self) -> Self:
        """Refuse parts that say something else than `text` and `reasoning`."""
        for name, text in text_members(self._parts).items():
            if text != getattr(self, name):
                raise ValueError(f"{name} is not what the parts say")
        return self

    @cached_property
    def _parts(self) -> Parts:
        """The parts; in archives of older versions, the reasoning comes first."""
        if self.parts is not None:
            return parse_parts(part.model_dump() for part in self.parts)
        texts = [{"type": name, "text": getattr(self, name)} for name in ("reasoning", "text")]
        return parse_parts(text for text in texts if text["text"])

    def message(self, id_: str, parent: str | None) -> Message:
        """The message as a record."""
        return Message(
            id=id_,
            parent=parent,
            role=self.role,
            parts=self._parts,
            created_at=milliseconds(self.created_at),
            model=self.model,
            outcome=None if self.outcome is None else self.outcome.model_dump(),
            omitted=self.left_out,
        )


class ArchiveConversation(SettingsBody):
    """A conversation; `leaf` is the index of a message."""

    title: Annotated[str, Field(max_length=1000), PLAIN]
    created_at: Timestamp
    updated_at: Timestamp
    pinned: bool = False
    archived: bool = False
    leaf: Index | None = None
    messages: list[ArchiveMessage]

    @model_validator(mode="after")
    def indexes_exist(self) -> Self:
        """Refuse a parent that does not precede its child, and a leaf that does not exist."""
        for index, message in enumerate(self.messages):
            if message.parent is not None and message.parent >= index:
                raise ValueError(f"messages.{index}.parent is not the index of an earlier message")
        if self.leaf is not None and self.leaf >= len(self.messages):
            raise ValueError("leaf is not the index of a message")
        for time in (self.created_at, self.updated_at, *(message.created_at for message in self.messages)):
            milliseconds(time)
        return self

    def digest(self) -> str:
        """A digest of the content. Members that archives of earlier versions lack do not count by default."""
        return sha256(self.model_dump_json(exclude_defaults=True).encode()).hexdigest()

    def records(self, id_: str) -> Archived:
        """The conversation under this id, and its messages under ids that are derived from it."""
        ids = [derived_id("msg", id_, str(index)) for index in range(len(self.messages))]
        messages = [
            message.message(id_, None if message.parent is None else ids[message.parent])
            for id_, message in zip(ids, self.messages, strict=True)
        ]
        conversation = Conversation(
            id=id_,
            title=self.title,
            titled=True,
            created_at=milliseconds(self.created_at),
            updated_at=milliseconds(self.updated_at),
            pinned=self.pinned,
            archived=self.archived,
            leaf=ids[-1 if self.leaf is None else self.leaf] if ids else None,
            settings=self.settings,
            version=1,
            share=None,
        )
        return conversation, messages


class Archive(Body):
    """Exported conversations."""

    format: Literal["headwater"]
    version: Literal[1]
    conversations: list[ArchiveConversation]


def read_archive(owner: str, body: bytes) -> Iterator[Archived]:
    """Parse and validate the conversations of an archive, one at a time. Raises `ProblemError`.

    The ids are derived from the owner and the content, so the same archive always has the same ids. Copies of
    a conversation are counted.
    """
    try:
        envelope = msgspec.json.decode(body, type=_Envelope)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequestError(f"The body is not an export of conversations: {error}.") from None
    copies: Counter[str] = Counter()
    for index, raw in enumerate(envelope.conversations):
        conversation = validated(ArchiveConversation, bytes(raw), f"conversations.{index}")
        first = derived_id("conv", owner, conversation.digest())
        copies[first] += 1
        yield conversation.records(
            first if copies[first] == 1 else derived_id("conv", first, str(copies[first]))
        )


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    """The object around the conversations, which stay unparsed."""

    format: Literal["headwater"]
    version: Literal[1]
    conversations: list[msgspec.Raw]


class ExportQuery(Query):
    """The query of an export."""

    format: Literal["json", "markdown"] = "json"


def archives_blueprint(conversations: ConversationService) -> Blueprint:
    """The routes of archives. Those of conversations register the converter of ids that they need."""
    blueprint = Blueprint("archives", __name__, url_prefix="/api/conversations")

    @blueprint.get("/export")
    @document_response(Archive)
    async def export_all() -> Response:
        response = Response(_archive(conversations, principal().owner), content_type=JSON)
        response.timeout = None
        return _attached(response, "headwater.json")

    @blueprint.post("/import")
    @document_request(Archive)
    @document_response(ImportResult, 201)
    async def import_() -> Response:
        owner = principal().owner
        archive = read_archive(owner, await read_json_bytes(ARCHIVE_BYTES))
        imported = await conversations.insert(owner, archive)
        return Response(_import_result(conversations, owner, imported), 201, content_type=JSON)

    @blueprint.get("/<conversation_id:name>/export")
    @document_querystring(ExportQuery)
    @document_response(Archive)
    @answers_as("text/markdown")
    async def export(name: str) -> Response:
        if read_query(ExportQuery).format == "markdown":
            title, text = await conversations.markdown(principal().owner, name)
            response = Response(text, content_type="text/markdown; charset=utf-8")
            return _attached(response, f"{_file_name(title)}.md")
        archived = await conversations.export(principal().owner, name)
        response = Response(OPENING + encode_json(archived) + CLOSING, content_type=JSON)
        return _attached(response, f"{_file_name(archived['title'])}.json")

    return blueprint


async def _import_result(
    conversations: ConversationService, owner: str, imported: Imported
) -> AsyncIterator[bytes]:
    """An `ImportResult`, written in pieces because it may be as large as the archive."""
    yield b'{"conversations":['
    separator = b""
    async for batch in conversations.listed(owner, imported.ids):
        if batch:
            yield separator + b",".join(encode_json(responses.summary(listed)) for listed in batch)
            separator = b","
    yield b'],"existing":%d}' % imported.existing


async def _archive(conversations: ConversationService, owner: str) -> AsyncIterator[bytes]:
    yield OPENING
    separator = b""
    async for archived in conversations.export_all(owner):
        yield separator + encode_json(archived)
        separator = b","
    yield CLOSING


def _attached(response: Response, file_name: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _file_name(title: str) -> str:
    """A title as a file name that is valid on every system."""
    return re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-")[:60] or "conversation"
