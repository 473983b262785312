"""A reply is seen to grow, word by word, over both protocols."""

import pytest
from playwright.sync_api import expect

from chat_page import ChatPage
from streamcheck import (
    assert_cursor_until_end,
    assert_first_growth_within,
    assert_grew_in_steps,
    assert_input_disabled_until_end,
    assert_never_shrank,
    assert_no_gap_longer_than,
)

WORDS = [f"word{number}" for number in range(120)]
STEPS = 10
"""Of the 120 words, which take 2.4 s; what buffers them makes one step, or two."""

LONGEST_GAP = 0.7
"""Of the time that a reply takes: a machine that is very busy stands still for a while, too."""


over_one_protocol = pytest.mark.parametrize("protocol", ["http2"], indirect=True)


def words(count: int) -> str:
    return " ".join(WORDS[:count])


def test_a_reply_grows_word_by_word(chat: ChatPage) -> None:
    recording = chat.record()
    generation = chat.ask(words(120))
    timeline = recording.wait_until_finished()
    assert_grew_in_steps(timeline, at_least=STEPS, largest_share=0.5)
    assert_first_growth_within(timeline, ms=timeline.duration / 2)
    assert_no_gap_longer_than(timeline, ms=timeline.duration * LONGEST_GAP)
    assert_never_shrank(timeline)
    assert_cursor_until_end(timeline)
    assert_input_disabled_until_end(timeline)
    logged = chat.generation(generation)
    assert timeline.text == logged["text"] == words(120)
    assert logged["outcome"]["status"] == "completed"
    chat.expect_status("completed")
    expect(chat.box).to_be_focused()


def test_what_has_come_is_shown_while_the_rest_is_held_back(chat: ChatPage) -> None:
    """No clock can excuse this: the words before a gate are on the page while the gate is shut."""
    gates = [{"after": after, "kind": "gate"} for after in (1, 8, 20)]
    chat.amend_requests(script={"faults": gates})
    recording = chat.record()
    generation = chat.ask(words(30))
    for after in (1, 8, 20):
        expect(chat.text).to_have_text(words(after))
        chat.expect_status("streaming")
        assert chat.generation(generation)["text"] == words(after)
        chat.open_gate(generation)
    timeline = recording.wait_until_finished()
    assert_grew_in_steps(timeline, at_least=4)
    assert_never_shrank(timeline)
    assert timeline.text == words(30)


@over_one_protocol
def test_the_cursor_and_the_closed_box_come_before_the_first_token(chat: ChatPage) -> None:
    chat.amend_requests(script={"faults": [{"after": 0, "kind": "gate"}]})
    recording = chat.record()
    generation = chat.ask(words(3))
    chat.expect_status("waiting")
    expect(chat.cursor).to_be_visible()
    expect(chat.box).to_be_disabled()
    expect(chat.box).to_have_value("")
    expect(chat.send).to_be_hidden()
    expect(chat.stop).to_be_visible()
    expect(chat.text).to_have_text("")
    expect(chat.questions).to_have_text(words(3))
    assert chat.generation(generation)["cursor"] == 0
    chat.open_gate(generation)
    timeline = recording.wait_until_finished()
    assert_cursor_until_end(timeline)
    assert_input_disabled_until_end(timeline)
    assert timeline.text == words(3)
    expect(chat.cursor).to_have_count(0)
    expect(chat.stop).to_be_hidden()
    expect(chat.send).to_be_visible()


@over_one_protocol
def test_turn_follows_turn_in_one_conversation(chat: ChatPage) -> None:
    chat.amend_requests(script={"tokens_per_second": 15})
    generations = []
    for turn in range(3):
        recording = chat.record()
        generations.append(chat.ask(f"turn{turn} {words(12)}"))
        timeline = recording.wait_until_finished()
        assert_grew_in_steps(timeline, at_least=2)
        assert timeline.text == f"turn{turn} {words(12)}"
    said = [f"turn{turn} {words(12)}" for turn in range(3)]
    expect(chat.questions).to_have_text(said)
    expect(chat.replies.get_by_test_id("reply-text")).to_have_text(said)
    logged = [chat.generation(generation) for generation in generations]
    assert len(set(generations)) == 3
    assert len({generation["conversation"] for generation in logged}) == 1
    chat.new_chat.click()
    expect(chat.empty_state).to_be_visible()
    expect(chat.replies).to_have_count(0)
    again = chat.generation(chat.ask("anew"))
    assert again["conversation"] != logged[0]["conversation"]
    chat.expect_status("completed")


@over_one_protocol
def test_reasoning_comes_before_the_reply_and_apart_from_it(chat: ChatPage) -> None:
    chat.amend_requests(script={"faults": [{"after": 5, "kind": "gate"}]})
    chat.choose("scripted/reasoning")
    recording = chat.record()
    generation = chat.ask("think")
    expect(chat.reasoning).to_have_text("The question is about waiting.")
    expect(chat.text).to_have_text("")
    chat.open_gate(generation)
    timeline = recording.wait_until_finished()
    expect(chat.reasoning).to_contain_text("three seconds are felt as silence.")
    assert timeline.text.startswith("People do not mind")
    assert "The question is about waiting." not in timeline.text
    assert_grew_in_steps(timeline, at_least=3)
