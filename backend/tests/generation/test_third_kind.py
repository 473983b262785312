"""A third kind of part, made of this one file, goes through the log, rows, archives and every transport."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from headwater.conversations.archive import to_archive
from headwater.generation.codec import message_members, parse_parts, parts_objects
from headwater.generation.kinds.text import Text
from headwater.generation.log import Page
from headwater.generation.outcome import Completed, Outcome
from headwater.generation.parts import KINDS, Part, TextPart, fold, shape, unfold
from headwater.generation.provider import Finish, Prompt, Take
from headwater.providers.scripted import ScriptedProvider
from headwater.replies.requests import NewMessage
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import open_database, sqlite_url
from headwater.transports.encoder import Encoder
from headwater.transports.grpc import page_messages
from headwater.transports.ndjson import NdjsonEncoder
from headwater.transports.openai_chat import OpenAIChatEncoder
from headwater.transports.openai_responses import OpenAIResponsesEncoder
from headwater.transports.sse import SseEncoder
from headwater.transports.ui_message import UiMessageEncoder
from tests.building import ME, delivered, new_replies
from tests.golden import GENERATION


@dataclass(frozen=True, slots=True)
class Source(Part):
    """A page that the model cites."""

    type = "source"
    event = "source"

    url: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Program(TextPart):
    """A program that the model writes, piece by piece."""

    type = "program"
    event = "program"


CITED = Source("https://example.org/rivers", "Rivers")
EVENTS = (Text("Wa"), Text("ter"), CITED, Source("https://example.org/lakes"), Text(" flows."))
PARTS = (Text("Water"), CITED, Source("https://example.org/lakes"), Text(" flows."))
PAGE = Page(EVENTS, 5, Outcome(Completed("stop")))


class Citing(ScriptedProvider):
    """A model that cites."""

    async def generate(self, prompt: Prompt, take: Take) -> None:
        take(EVENTS[:3])
        take((*EVENTS[3:], Finish("stop")))


@pytest.fixture(autouse=True)
def registered() -> None:
    assert KINDS["source"] is Source


def test_it_is_a_part_by_itself_and_its_events_come_back() -> None:
    assert fold(EVENTS) == PARTS
    assert tuple(unfold(PARTS, shape(EVENTS))) == EVENTS


def test_it_is_the_same_after_a_row_and_an_archive() -> None:
    assert parse_parts(json.loads(json.dumps(parts_objects(PARTS)))) == PARTS
    assert message_members(PARTS)["text"] == "Water flows."


@pytest.mark.parametrize(
    ("encoder", "expected"),
    [
        (
            SseEncoder(GENERATION),
            b'id: gen_1:3\nevent: source\ndata: {"url":"https://example.org/rivers","title":"Rivers"}\n\n',
        ),
        (
            NdjsonEncoder(GENERATION),
            b'{"event":"source","generation":"gen_1","cursor":3,'
            b'"url":"https://example.org/rivers","title":"Rivers"}\n',
        ),
        (
            UiMessageEncoder(GENERATION),
            b'{"type":"text-end","id":"1"}\n\n'
            b'data: {"type":"data-source","data":{"url":"https://example.org/rivers","title":"Rivers"}}\n\n',
        ),
    ],
)
def test_transports_that_can_express_it_do(encoder: Encoder, expected: bytes) -> None:
    assert expected in encoder.page(PAGE)


@pytest.mark.parametrize(
    "encoder",
    [
        OpenAIChatEncoder(GENERATION),
        OpenAIResponsesEncoder(GENERATION, None),
    ],
)
def test_transports_that_cannot_express_it_leave_it_out(encoder: Encoder) -> None:
    sent = encoder.page(PAGE)
    assert b"example.org" not in sent
    assert b" flows." in sent


def test_grpc_carries_its_name_and_members() -> None:
    messages = list(page_messages("gen_1", PAGE))
    assert [(message.token, message.event, message.cursor) for message in messages[:3]] == [
        ("Water", "", 2),
        ("", "source", 3),
        ("", "source", 4),
    ]
    assert dict(messages[1].data) == {"url": "https://example.org/rivers", "title": "Rivers"}


async def test_it_keeps_its_place_from_the_model_to_the_row(tmp_path: Path) -> None:
    async with open_database(sqlite_url(tmp_path / "headwater.db")) as database:
        replies = new_replies(database, Citing())
        generation = await replies.start(ME, NewMessage("Why?"))
        pages = await delivered(replies, generation)
        assert tuple(event for page in pages for event in page.events) == EVENTS
        await replies.drain(5)
        found, messages = await ConversationRepository(database).read("me", generation.conversation)
        assert messages[-1].parts == PARTS
        assert (await new_replies(database).find(ME, generation.id)).log is not generation.log
        snapshot = (await new_replies(database).find(ME, generation.id)).snapshot()
        assert snapshot.events == EVENTS
        assert to_archive(found, messages)["messages"][-1]["parts"] == parts_objects(PARTS)


def test_a_kind_of_text_joins_its_pieces_on_every_transport() -> None:
    events = (Text("Run "), Program("pri"), Program("nt()"))
    page = Page(events, 3)
    assert fold(events) == (Text("Run "), Program("print()"))
    assert list(unfold(fold(events), shape(events))) == list(events)
    assert b'event: program\ndata: {"token":"print()"}' in SseEncoder(GENERATION).page(page)
    assert b'{"type":"data-program","data":{"text":"print()"}}' in UiMessageEncoder(GENERATION).page(page)
    messages = list(page_messages("gen_1", page))
    assert (messages[1].event, dict(messages[1].data)) == ("program", {"token": "print()"})
    assert message_members(fold(events)).keys() == {"text", "reasoning", "parts"}


def test_a_whole_part_that_does_not_fit_into_an_event_is_an_error() -> None:
    assert list(CITED.fit(1000, 1000)) == [CITED]
    assert list(CITED.fit(10, 1000)) == []
    with pytest.raises(ValueError, match="does not fit"):
        list(CITED.fit(1000, 10))
