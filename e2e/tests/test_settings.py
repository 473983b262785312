"""How replies are made can be set for each conversation, and a full window is told."""

import pytest
from playwright.sync_api import expect

from archive import conversation, question, reply
from chat_page import ChatPage
from side_bar import SideBar

pytestmark = pytest.mark.parametrize("protocol", ["http2"], indirect=True)


def test_settings_are_kept_and_used(chat: ChatPage) -> None:
    system, temperature, longest = (
        chat.page.get_by_test_id(f"settings-{name}") for name in ("system", "temperature", "max-tokens")
    )
    chat.page.get_by_test_id("settings").click()
    system.fill("You are a river.")
    temperature.fill("0.5")
    longest.fill("3")
    chat.page.get_by_test_id("settings-save").click()
    expect(system).to_have_count(0)
    chat.ask("one two three four five")
    chat.expect_status("completed")
    expect(chat.text).to_have_text("one two three")
    expect(chat.figures).to_contain_text("Ended at the length limit")
    saved = chat.saved()
    assert [saved[name] for name in ("system", "temperature", "max_tokens")] == ["You are a river.", 0.5, 3]

    chat.page.reload()
    expect(chat.page.get_by_test_id("system-chip")).to_have_attribute("title", "You are a river.")
    chat.page.get_by_test_id("settings").click()
    expect(system).to_have_value("You are a river.")
    expect(temperature).to_have_value("0.5")
    expect(longest).to_have_value("3")
    longest.fill("")
    with chat.page.expect_response(lambda response: response.request.method == "PATCH"):
        chat.page.get_by_test_id("settings-save").click()
    # What was cut at the limit goes on where it was cut.
    chat.generation_started_by(chat.go_on)
    chat.expect_status("completed")
    expect(chat.text).to_have_text("one two three four five")
    expect(chat.replies).to_have_count(1)
    assert "".join(chat.saved_replies()) == "one two three four five"

    chat.new_chat.click()
    expect(chat.page.get_by_test_id("system-chip")).to_have_count(0)
    chat.ask("one two three four five")
    expect(chat.text).to_have_text("one two three four five")
    chat.expect_status("completed")


def test_a_full_window_is_told(chat: ChatPage) -> None:
    long = "river " * 3000
    place = chat.import_conversation([question(long), reply(long), question(long), reply(long)])
    chat.visit(f"/c/{place}")
    chat.ask("short")
    chat.expect_status("completed")
    note = chat.page.get_by_test_id("left-out")
    expect(note).to_contain_text("not given to the model: its window is full")
    left_out = chat.saved()["messages"][-1]["left_out"]
    assert 1 <= left_out <= 4
    chat.page.reload()
    expect(note).to_contain_text(str(left_out) if left_out > 1 else "earliest message was")


def test_drafts_stay_with_their_conversations(chat: ChatPage) -> None:
    chat.import_conversations(
        [conversation([question(f"Q {name}"), reply(name)], title=name) for name in ("first", "second")]
    )
    bar = SideBar(chat.page)
    for name in ("first", "second"):
        bar.open(name)
        expect(chat.text).to_have_text(name)
        chat.box.fill(f"draft of {name}")
    chat.new_chat.click()
    chat.box.fill("draft of a new one")
    chat.page.reload()
    expect(chat.box).to_have_value("draft of a new one")
    for name in ("first", "second"):
        bar.open(name)
        expect(chat.box).to_have_value(f"draft of {name}")
    chat.generation_started_by(chat.send)
    chat.expect_status("completed")
    chat.page.reload()
    expect(chat.text).to_have_text("draft of second")
    expect(chat.box).to_have_value("")
