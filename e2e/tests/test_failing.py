"""What goes wrong is said in words, what was written stays, and it can be tried again."""

import pytest
from playwright.sync_api import expect

from chat_page import ChatPage
from complaints import Complaints
from streamcheck import (
    assert_cursor_until_end,
    assert_grew_in_steps,
    assert_input_disabled_until_end,
    assert_never_shrank,
)

LIMIT = 32_768
"""Characters that a message may have."""

over_one_protocol = pytest.mark.parametrize("protocol", ["http1"], indirect=True)


@over_one_protocol
def test_a_failure_in_mid_reply_keeps_the_text_and_can_be_retried(chat: ChatPage) -> None:
    chat.choose("scripted/error")
    recording = chat.record()
    generation = chat.ask("tell me of rivers")
    timeline = recording.wait_until_finished()
    chat.expect_status("failed")
    failed = chat.generation(generation)
    assert timeline.text == failed["text"]
    assert len(failed["text"].split()) == 40
    assert failed["outcome"]["status"] == "failed"
    assert_grew_in_steps(timeline, at_least=2)
    assert_never_shrank(timeline)
    assert_cursor_until_end(timeline)
    assert_input_disabled_until_end(timeline)
    expect(chat.error).to_have_text(failed["outcome"]["message"])
    expect(chat.error).to_have_role("alert")

    chat.choose("scripted/echo")
    again = chat.generation_started_by(chat.retry)
    chat.expect_status("completed")
    expect(chat.text).to_have_text("tell me of rivers")
    expect(chat.error).to_have_count(0)
    expect(chat.replies).to_have_count(1)
    assert again != generation
    assert chat.generation(again)["text"] == "tell me of rivers"


@over_one_protocol
def test_a_retry_of_a_later_turn_stays_in_the_conversation(chat: ChatPage) -> None:
    first = chat.generation(chat.ask("first"))
    chat.expect_status("completed")
    chat.choose("scripted/error")
    failed = chat.generation(chat.ask("second"))
    chat.expect_status("failed")
    chat.choose("scripted/echo")
    retried = chat.generation(chat.generation_started_by(chat.retry))
    chat.expect_status("completed")
    expect(chat.replies.get_by_test_id("reply-text")).to_have_text(["first", "second"])
    assert len({turn["conversation"] for turn in (first, failed, retried)}) == 1


@over_one_protocol
def test_a_message_that_is_too_long_is_given_back(chat: ChatPage, complaints: Complaints) -> None:
    complaints.expect("status of 413")
    message = "x" * (LIMIT + 1)
    chat.box.fill(message)
    with chat.page.expect_response("**/api/chat") as refused:
        chat.send.click()
    assert refused.value.status == 413
    chat.expect_status("failed")
    expect(chat.error).to_contain_text(str(LIMIT))
    expect(chat.text).to_have_text("")
    expect(chat.box).to_be_enabled()
    expect(chat.box).to_have_value(message)
    expect(chat.cursor).to_have_count(0)

    chat.ask("short")
    expect(chat.text).to_have_text("short")
    chat.expect_status("completed")


@over_one_protocol
def test_a_message_of_the_longest_length_is_taken(chat: ChatPage) -> None:
    message = ("river " * LIMIT)[:LIMIT].rstrip()
    chat.amend_requests(max_tokens=3)
    chat.ask(message)
    expect(chat.text).to_have_text("river river river")
    chat.expect_status("completed")


@over_one_protocol
def test_a_model_that_has_stalled_says_so(chat: ChatPage) -> None:
    chat.choose("scripted/stall")
    generation = chat.ask("go on")
    expect(chat.figures).to_contain_text("waiting for the model")
    chat.expect_status("streaming")
    assert len(chat.text.inner_text().split()) == 5
    chat.stop.click()
    chat.expect_status("cancelled")
    assert chat.generation(generation)["outcome"]["status"] == "cancelled"
