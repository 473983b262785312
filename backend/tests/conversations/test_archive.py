import json
import re
from dataclasses import replace
from datetime import date
from itertools import product

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.api.archives import CLOSING, OPENING, Archive, ArchiveConversation
from headwater.conversations.archive import to_archive, to_markdown
from headwater.conversations.model import Conversation, Message, Settings
from headwater.generation.kinds.reasoning import Reasoning
from headwater.generation.kinds.text import Text
from headwater.ids import new_id
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import Database
from headwater.transports.wire import encode_json
from tests.storage import trees
from tests.storage.trees import line, new_conversation, new_message

ANY = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def repository(database: Database) -> ConversationRepository:
    return ConversationRepository(database)


@ANY
@given(made=st.lists(trees.conversations(), min_size=1, max_size=3))
async def test_what_was_exported_and_imported_is_exported_byte_for_byte_the_same(
    repository: ConversationRepository, made: list[tuple[Conversation, list[Message]]]
) -> None:
    client, other = new_id("client"), new_id("client")
    # A name of a model is not empty, and not so long that it is none.
    made = [
        (
            replace(one, settings=replace(one.settings, model=one.settings.model or None)),
            [msgspec.structs.replace(message, model=message.model or None) for message in said],
        )
        for one, said in made
    ]
    await repository.insert(client, made)
    exported = [encode_json(to_archive(*await repository.read(client, one.id))) for one, _ in made]
    archive = Archive.model_validate_json(OPENING + b",".join(exported) + CLOSING)
    taken = [each.records(new_id("conv")) for each in archive.conversations]
    await repository.insert(other, taken)
    again = [encode_json(to_archive(*await repository.read(other, one.id))) for one, _ in taken]
    assert again == exported
    ids = {one.id for one, _ in made} | {message.id for _, said in made for message in said}
    new = {one.id for one, _ in taken} | {message.id for _, said in taken for message in said}
    assert len(new) == len(ids)
    assert not ids & new
    assert not any(each.encode() in b"".join(exported) for each in ids)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (("messages", 0, "parent"), 0),
        (("messages", 1, "parent"), 1),
        (("messages", 1, "parent"), 7),
        (("messages", 1, "parent"), -1),
        (("leaf",), 2),
        (("leaf",), -1),
        (("messages", 0, "text"), "a\0b"),
        (("messages", 0, "parts"), [{"type": "text", "text": "a\0b"}]),
        (("messages", 0, "parts"), [{"type": "unheard of", "text": "a"}]),
        (("messages", 0, "parts"), [{"type": "text"}]),
        (("messages", 0, "parts"), []),
        (("messages", 0, "parts"), [{"type": "text", "text": "other"}]),
        (("messages", 0, "reasoning"), "thought"),
        (("title",), "a\0b"),
        (("system",), "a\0b"),
        (("messages", 0, "role"), "system"),
        (("messages", 0, "left_out"), 2**31),
        (("created_at",), "yesterday"),
        (("created_at",), "2026-13-01T00:00:00Z"),
        (("messages", 1, "created_at"), "2026-11-22T25:00:00Z"),
        (("temperature",), 3),
        (("max_tokens",), 0),
        (("unknown",), 1),
        (("messages", 1, "outcome"), {"status": "lost"}),
    ],
)
def test_an_archive_that_cannot_be_is_refused(at: tuple[str | int, ...], value: object) -> None:
    said = line("one", "two")
    body = json.loads(OPENING + encode_json(to_archive(new_conversation(said), said)) + CLOSING)
    Archive.model_validate_json(json.dumps(body))
    place = body["conversations"][0]
    for key in at[:-1]:
        place = place[key]
    place[at[-1]] = value
    with pytest.raises(ValueError):
        Archive.model_validate_json(json.dumps(body))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("0001-01-01T00:00:00.000Z", None),
        ("0999-06-01T00:00:00.500Z", None),
        ("1969-12-31T23:59:59.999Z", None),
        ("2026-11-22T10:00:00.001Z", None),
        ("9999-12-31T23:59:59.999Z", None),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999Z"),
        ("2026-11-22T10:00Z", "2026-11-22T10:00:00.000Z"),
    ],
)
def test_any_time_stays_what_it_is(given: str, kept: str | None) -> None:
    said = line("one")
    body = json.loads(encode_json(to_archive(new_conversation(said), said)))
    body |= {"created_at": given, "updated_at": given}
    body["messages"][0]["created_at"] = given
    conversation, messages = ArchiveConversation.model_validate_json(json.dumps(body)).records("conv_1")
    again = json.loads(encode_json(to_archive(conversation, messages)))
    assert {again["created_at"], again["updated_at"], again["messages"][0]["created_at"]} == {kept or given}


def test_the_schema_knows_which_days_exist() -> None:
    pattern = ArchiveConversation.model_json_schema()["properties"]["created_at"]["pattern"]
    for year, month, day in product((0, 1, 4, 100, 400, 1900, 2000, 2023, 2024, 9999), range(14), range(33)):
        time = f"{year:04}-{month:02}-{day:02}T23:59:59.999Z"
        try:
            date(year, month, day)
        except ValueError:
            assert not re.search(pattern, time)
        else:
            assert re.search(pattern, time)


def test_markdown_is_the_branch_with_a_reply_and_its_continuation_as_one() -> None:
    said = line("Why?", "Because")
    goes_on = new_message(said[1], " of rain.", role="assistant")
    later = new_message(goes_on, "Thanks", role="user")
    answer = new_message(later, "Welcome", model="scripted/echo")
    conversation = new_conversation(said, "Rivers", settings=Settings(system="Be brief.\n\nBe kind."))
    assert to_markdown(conversation, [*said, goes_on, later, answer]) == "\n".join(
        [
            "# Rivers",
            "",
            "> Be brief.",
            ">",
            "> Be kind.",
            "",
            "## You",
            "",
            "Why?",
            "",
            "## Reply",
            "",
            "Because of rain.",
            "",
            "## You",
            "",
            "Thanks",
            "",
            "## scripted/echo",
            "",
            "Welcome",
            "",
        ]
    )


def test_an_archive_of_before_there_were_parts_has_reasoning_first() -> None:
    messages = line("Why?", "Because")
    body = json.loads(encode_json(to_archive(new_conversation(messages), messages)))
    for message in body["messages"]:
        del message["parts"]
    body["messages"][1]["reasoning"] = "Let me think."
    _, taken = ArchiveConversation.model_validate_json(json.dumps(body)).records("conv_1")
    assert [message.parts for message in taken] == [
        (Text("Why?"),),
        (Reasoning("Let me think."), Text("Because")),
    ]
