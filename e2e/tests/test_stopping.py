"""Stop keeps what was seen, word for word, and the model really stops."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from chat_page import ChatPage
from streamcheck import (
    assert_cursor_until_end,
    assert_input_disabled_until_end,
    assert_never_shrank,
)

MESSAGE = " ".join(f"word{number}" for number in range(40))
SEEN = " ".join(f"word{number}" for number in range(12))

over_one_protocol = pytest.mark.parametrize("protocol", ["http2"], indirect=True)

WAYS_TO_STOP: dict[str, Callable[[ChatPage], None]] = {
    "button": lambda chat: chat.stop.click(),
    "escape": lambda chat: chat.page.keyboard.press("Escape"),
}


@pytest.mark.parametrize(
    ("way", "protocol"), [("button", "http1"), ("escape", "http2")], indirect=["protocol"]
)
def test_stop_keeps_what_was_seen_word_for_word(chat: ChatPage, way: str) -> None:
    chat.amend_requests(script={"faults": [{"after": 12, "kind": "gate"}]})
    recording = chat.record()
    generation = chat.ask(MESSAGE)
    expect(chat.text).to_have_text(SEEN)
    WAYS_TO_STOP[way](chat)
    timeline = recording.wait_until_finished()
    chat.expect_status("cancelled")
    logged = chat.generation(generation)
    assert timeline.text == logged["text"] == SEEN
    assert logged["outcome"] == {**logged["outcome"], "status": "cancelled", "by": "user"}
    assert_never_shrank(timeline)
    assert_cursor_until_end(timeline)
    assert_input_disabled_until_end(timeline)
    expect(chat.box).to_be_focused()
    expect(chat.error).to_have_count(0)


@over_one_protocol
def test_stop_in_full_flow_stops_the_model(chat: ChatPage) -> None:
    chat.amend_requests(script={"repeat": 1000})
    recording = chat.record()
    generation = chat.ask(MESSAGE)
    recording.wait_until_longer_than(len(SEEN))
    chat.stop.click()
    timeline = recording.wait_until_finished()
    logged = chat.generation(generation)
    assert logged["outcome"]["status"] == "cancelled"
    assert len(SEEN) < len(timeline.text) < 100 * len(MESSAGE)
    assert timeline.text == logged["text"]
    assert_never_shrank(timeline)
    assert chat.generation(generation)["cursor"] == logged["cursor"]


@over_one_protocol
def test_after_a_stop_the_conversation_goes_on(chat: ChatPage) -> None:
    chat.amend_requests(script={"faults": [{"after": 1, "kind": "gate"}]})
    stopped = chat.ask("first second")
    expect(chat.text).to_have_text("first")
    chat.stop.click()
    chat.expect_status("cancelled")
    chat.page.unroute_all()
    following = chat.ask("third")
    expect(chat.text).to_have_text("third")
    chat.expect_status("completed")
    expect(chat.replies).to_have_count(2)
    assert chat.generation(stopped)["conversation"] == chat.generation(following)["conversation"]


@over_one_protocol
def test_the_second_click_of_a_double_click_on_send_does_not_stop(chat: ChatPage) -> None:
    chat.amend_requests(script={"faults": [{"after": 2, "kind": "gate"}]})
    chat.box.fill("one two three")
    with chat.page.expect_response("**/api/chat") as answered:
        chat.send.dblclick()
    generation = answered.value.headers["location"].removeprefix("/api/generations/")
    expect(chat.text).to_have_text("one two")
    chat.open_gate(generation)
    chat.expect_status("completed")
