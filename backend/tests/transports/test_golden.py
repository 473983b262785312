import json

import pytest

from headwater.generation.codec import outcome_object, parse_outcome
from headwater.generation.kinds.reasoning import Reasoning
from headwater.generation.kinds.text import text_of
from headwater.generation.parts import settle
from headwater.transports.socket_io import packets
from headwater.transports.websocket import frame
from headwater.transports.wire import framed_page, framed_start
from tests.golden import FOLDER, NAMES, load


def test_there_are_golden_logs() -> None:
    assert len(NAMES) >= 8


@pytest.mark.parametrize("name", NAMES)
def test_every_transport_writes_exactly_these_bytes(name: str) -> None:
    for ending, content in load(name).files().items():
        assert content == (FOLDER / f"{name}.{ending}").read_bytes(), f"{name}.{ending}"


@pytest.mark.parametrize("name", NAMES)
def test_the_frames_of_a_websocket_are_the_lines_of_ndjson(name: str) -> None:
    golden = load(name)
    events = [framed_start(golden.generation, golden.after)]
    for page in golden.pages():
        events += framed_page(golden.generation.id, page)
    assert "\n".join([*map(frame, events), ""]).encode() == (FOLDER / f"{name}.ndjson").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_the_events_of_socket_io_are_the_lines_of_ndjson(name: str) -> None:
    """By the names that its clients know, and with an error before the end of what broke off."""
    text = (FOLDER / f"{name}.ndjson").read_text("utf-8")
    lines = [json.loads(line) for line in text.removesuffix("\n").split("\n")]
    outcome = lines[-1]
    events = [json.loads(packet.removeprefix("2")) for line in lines for packet in packets(line)]
    errors = {"failed": [outcome.get("code")], "interrupted": ["interrupted"]}
    assert [members["code"] for event, members in events if event == "error"] == errors.get(
        outcome["status"], []
    )
    rest = [(event, members) for event, members in events if event != "error"]
    assert [{"event": event, **members} for event, members in rest[:-1]] == lines[:-1]
    assert rest[-1] == ("done", {name: value for name, value in outcome.items() if name != "event"})


@pytest.mark.parametrize("name", NAMES)
def test_the_log_folds_into_the_message(name: str) -> None:
    golden = load(name)
    parts = settle(golden.events)
    assert (text_of(parts), text_of(parts, Reasoning)) == (golden.text, golden.reasoning)


@pytest.mark.parametrize("name", NAMES)
def test_the_outcome_is_what_the_log_says(name: str) -> None:
    found = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    assert outcome_object(load(name).outcome) == found["outcome"]


@pytest.mark.parametrize("name", NAMES)
def test_an_outcome_is_read_back_as_it_was_said(name: str) -> None:
    said = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["outcome"]
    assert outcome_object(parse_outcome(said)) == said


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_the_reply_is_in_one_event(name: str) -> None:
    """No text may break the framing: an event is an id, perhaps a name, and one line of data.

    Comments and `retry` are never a block of their own: some clients dispatch such a block as a message.
    """
    for block in (FOLDER / f"{name}.sse").read_bytes().decode("utf-8").split("\n\n")[:-1]:
        fields = [line.partition(":")[0] for line in block.split("\n")]
        fields = [field for field in fields if field not in {"", "retry"}]
        assert fields in (["id", "data"], ["id", "event", "data"]), block


def test_an_outcome_from_before_the_hops_were_measured_is_read_with_nulls() -> None:
    """Rows and exports of that time stay."""
    said = json.loads((FOLDER / "completed.json").read_text("utf-8"))["outcome"]
    timing = {key: value for key, value in said["timing"].items() if key not in {"server_ms", "provider_ms"}}
    read = outcome_object(parse_outcome({**said, "timing": timing}))
    assert read == {**said, "timing": {**timing, "server_ms": None, "provider_ms": None}}
