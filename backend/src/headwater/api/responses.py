"""The types of the API's answers. The OpenAPI document and the page's types are generated from them."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from headwater.api.parts_and_outcomes import Outcome, Part
from headwater.conversation_service import Listed, Opened
from headwater.conversations.model import Message as MessageRecord
from headwater.conversations.model import timestamp
from headwater.errors import ProblemCode
from headwater.storage.highlight import SnippetPart
from headwater.storage.search import SearchMatch
from headwater.storage.shares import Shared


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal (RFC 9457). `field` names the member at fault."""

    type: str
    title: str
    status: int
    detail: str
    code: ProblemCode
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """The answer to a probe."""

    status: Literal["alive", "ready"]


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete reply: the non-streaming mode."""

    generation: str
    conversation: str
    message: str
    parent: str
    model: str
    text: str
    reasoning: str
    outcome: Outcome
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation in its current state; `outcome` is null while it runs."""

    generation: str
    conversation: str
    message: str
    model: str
    cursor: int
    text: str
    outcome: Outcome | None
    parts: list[Part]


class Event(BaseModel):
    """An event of a generation, with the members of its kind."""

    model_config = ConfigDict(extra="allow")

    event: str
    generation: str
    cursor: int


@dataclass(frozen=True, slots=True)
class Page:
    """The events of a generation after a cursor; `outcome` is null unless they are its last."""

    events: list[Event]
    cursor: int
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Model:
    """An available model; `context_window` is in tokens, absent if it is unknown."""

    id: str
    name: str
    provider: str
    default: bool
    context_window: int | None = None


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """A conversation in a list. `version` grows with every change."""

    id: str
    title: str
    created_at: str
    updated_at: str
    pinned: bool
    archived: bool
    shared: bool
    running: bool
    version: int


@dataclass(frozen=True, slots=True)
class ConversationList:
    """A page of conversations, newest first; `cursor` leads to the next page, null on the last one."""

    conversations: list[ConversationSummary]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """A node of the tree. `cursor` is the end of a running reply's log: follow it from there."""

    id: str
    parent: str | None
    role: Literal["user", "assistant"]
    text: str
    reasoning: str
    model: str | None
    generation: str | None
    running: bool
    cursor: int
    outcome: Outcome | None
    left_out: int
    created_at: str
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class Conversation(ConversationSummary):
    """A conversation with its settings (null: the default) and all its messages, oldest first."""

    leaf: str | None
    model: str | None
    system: str | None
    temperature: float | None
    max_tokens: int | None
    share: str | None
    messages: list[Message]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A match of a search; `message` is null if only the title matches."""

    conversation: ConversationSummary
    message: str | None
    title: list[SnippetPart]
    snippet: list[SnippetPart]


@dataclass(frozen=True, slots=True)
class SearchResults:
    """A page of matches, newest first; `cursor` leads to the next page, null on the last one."""

    results: list[SearchResult]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Share:
    """The link to a conversation: `path` on this server."""

    token: str
    path: str


@dataclass(frozen=True, slots=True)
class SharedMessage:
    """A message of a shared conversation."""

    id: str
    role: Literal["user", "assistant"]
    text: str
    reasoning: str
    model: str | None
    created_at: str
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class SharedConversation:
    """The branch of a conversation that a link shows."""

    title: str
    messages: list[SharedMessage]


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The imported conversations, in the order of the archive, and how many an earlier import had added."""

    conversations: list[ConversationSummary]
    existing: int


def summary(listed: Listed) -> ConversationSummary:
    """A conversation in a list."""
    return ConversationSummary(**_summary(listed))


def conversation(opened: Opened) -> Conversation:
    """A conversation with its messages."""
    record = opened.listed.conversation
    return Conversation(
        **_summary(opened.listed),
        leaf=record.leaf,
        **asdict(record.settings),
        share=record.share,
        messages=[_message(message, opened.cursors.get(message.id)) for message in opened.messages],
    )


def search_result(listed: Listed, match: SearchMatch) -> SearchResult:
    """A match of a search."""
    return SearchResult(summary(listed), match.message, list(match.title), list(match.snippet))


def shared_conversation(shared: Shared) -> SharedConversation:
    """The conversation that a link shows."""
    return SharedConversation(
        shared.title,
        [
            SharedMessage(message.id, **{name: members[name] for name in _SHARED})
            for message in shared.messages
            for members in [message.members()]
        ],
    )


_SHARED = [field.name for field in fields(SharedMessage) if field.name != "id"]


def _summary(listed: Listed) -> dict[str, Any]:
    record = listed.conversation
    return {
        "id": record.id,
        "title": record.title,
        "created_at": timestamp(record.created_at),
        "updated_at": timestamp(record.updated_at),
        "pinned": record.pinned,
        "archived": record.archived,
        "shared": record.share is not None,
        "running": listed.running,
        "version": record.version,
    }


def _message(message: MessageRecord, cursor: int | None) -> Message:
    return Message(
        id=message.id,
        parent=message.parent,
        generation=message.generation,
        running=cursor is not None and message.outcome is None,
        cursor=cursor or 0,
        **message.members(),
    )
