"""The kit is worth something only if it fails on chats that do not stream: here are such chats."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from fake_chat import REPLY, WORDS, fake_chat
from playwright.sync_api import Page, expect

from streamcheck import (
    Recording,
    Sample,
    Timeline,
    assert_cursor_until_end,
    assert_first_growth_within,
    assert_grew_in_steps,
    assert_input_disabled_until_end,
    assert_never_showed,
    assert_never_shrank,
    assert_no_gap_longer_than,
    record,
)

STEPS = len(WORDS) // 6
LONGEST_GAP = 0.6
"""Of the time that the reply takes; a stall takes three quarters of it."""

FINISHED = "body[data-replies='1']"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with fake_chat() as address:
        yield address


@pytest.fixture
def ask(page: Page, address: str) -> Callable[[str], Timeline]:
    """Ask the chat with this fault, and record it until its page says that it is done."""

    def ask(fault: str) -> Timeline:
        recording = _open(page, address, fault)
        page.get_by_role("button", name="Send").click()
        expect(page.locator(FINISHED)).to_be_attached()
        return recording.stop()

    return ask


def _open(page: Page, address: str, fault: str) -> Recording:
    page.goto(f"{address}/?fault={fault}")
    return record(page, text=".reply", cursor=".cursor", input="textarea", send="form button")


def assert_streamed(timeline: Timeline) -> None:
    assert_grew_in_steps(timeline, at_least=STEPS, largest_share=0.5)
    assert_first_growth_within(timeline, ms=timeline.duration / 2)
    assert_no_gap_longer_than(timeline, ms=timeline.duration * LONGEST_GAP)
    assert_never_shrank(timeline)
    assert_cursor_until_end(timeline)
    assert_input_disabled_until_end(timeline)


@pytest.mark.parametrize("fault", ["", "replaces-element"])
def test_an_honest_chat_passes(ask: Callable[[str], Timeline], fault: str) -> None:
    timeline = ask(fault)
    assert timeline.text == REPLY
    assert_streamed(timeline)


def test_a_chat_that_buffers_fails(ask: Callable[[str], Timeline]) -> None:
    timeline = ask("buffers")
    assert timeline.text == REPLY
    with pytest.raises(AssertionError, match=rf"grew in 1 step; it had to be {STEPS} at least"):
        assert_grew_in_steps(timeline, at_least=STEPS)
    with pytest.raises(AssertionError, match="first text came"):
        assert_first_growth_within(timeline, ms=timeline.duration / 2)
    assert_never_shrank(timeline)
    assert_input_disabled_until_end(timeline)


def test_a_chat_that_stalls_fails(ask: Callable[[str], Timeline]) -> None:
    timeline = ask("stalls")
    assert_grew_in_steps(timeline, at_least=STEPS, largest_share=0.5)
    with pytest.raises(AssertionError, match=r"stood still at \d+ characters for \d+ ms; \d+ ms"):
        assert_no_gap_longer_than(timeline, ms=timeline.duration * LONGEST_GAP)


def test_a_chat_that_takes_text_back_fails(ask: Callable[[str], Timeline]) -> None:
    timeline = ask("shrinks")
    with pytest.raises(AssertionError, match=r"only the first \d+ were kept, 0 might change"):
        assert_never_shrank(timeline)
    with pytest.raises(AssertionError, match=r"only the first \d+ were kept, 30 might change"):
        assert_never_shrank(timeline, rewritten=30)


def test_syntax_that_flashes_is_seen_and_the_tolerance_has_a_bound(ask: Callable[[str], Timeline]) -> None:
    timeline = ask("flashes-syntax")
    assert timeline.text == REPLY
    with pytest.raises(AssertionError, match=r"showed '\*\*'"):
        assert_never_showed(timeline, "```", "**")
    assert_never_showed(timeline, "```")
    with pytest.raises(AssertionError, match="1 might change"):
        assert_never_shrank(timeline, rewritten=1)
    assert_never_shrank(timeline, rewritten=2)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("cursor-stays", "the cursor was still there in the end"),
        ("cursor-leaves-early", r"the cursor was gone at \d+ characters"),
        ("late-cursor", "the cursor was not there before the first text"),
    ],
)
def test_a_cursor_that_lies_fails(ask: Callable[[str], Timeline], fault: str, message: str) -> None:
    timeline = ask(fault)
    assert_input_disabled_until_end(timeline)
    with pytest.raises(AssertionError, match=message):
        assert_cursor_until_end(timeline)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("open-input", "the disabled input was never there"),
        ("input-opens-early", r"the disabled input was gone at \d+ characters"),
        ("input-stays-disabled", "the input was disabled in the end"),
    ],
)
def test_an_input_that_lies_fails(ask: Callable[[str], Timeline], fault: str, message: str) -> None:
    timeline = ask(fault)
    assert_cursor_until_end(timeline)
    with pytest.raises(AssertionError, match=message):
        assert_input_disabled_until_end(timeline)


def test_it_waits_for_the_end_by_itself_turn_after_turn(page: Page, address: str) -> None:
    page.goto(address)
    for turn in range(1, 3):
        recording = record(page, text=".reply", cursor=".cursor", input="textarea")
        page.locator("textarea").press("Enter")
        assert len(recording.wait_until_longer_than(len(REPLY) // 2).text) > len(REPLY) // 2
        timeline = recording.wait_until_finished()
        expect(page.locator(".reply")).to_have_count(turn)
        assert timeline.text == REPLY
        assert_streamed(timeline)


def test_an_end_that_never_comes_is_a_failure(page: Page, address: str) -> None:
    recording = _open(page, address, "cursor-stays")
    page.locator("textarea").press("Enter")
    expect(page.locator(FINISHED)).to_be_attached()
    with pytest.raises(AssertionError, match=r"had not ended after 200 ms(.|\n)*What the page showed"):
        recording.wait_until_finished(timeout=200)
    with pytest.raises(AssertionError, match=f"no more than {len(REPLY)} characters"):
        recording.wait_until_longer_than(len(REPLY), timeout=200)


def test_nothing_is_proved_by_a_reply_that_never_came(page: Page, address: str) -> None:
    timeline = _open(page, address, "").stop()
    for check in (assert_never_shrank, assert_cursor_until_end, assert_input_disabled_until_end):
        with pytest.raises(AssertionError, match="no text came at all"):
            check(timeline)
    with pytest.raises(AssertionError, match="no text came at all"):
        assert_no_gap_longer_than(timeline, ms=1000)
    with pytest.raises(AssertionError, match="no text came at all"):
        assert_never_showed(timeline, "**")
    with pytest.raises(AssertionError, match="grew in 0 steps"):
        assert_grew_in_steps(timeline, at_least=1)
    with pytest.raises(AssertionError, match="no click and no Enter"):
        assert_first_growth_within(timeline, ms=1000)
    with pytest.raises(ValueError, match="may be missing"):
        assert timeline.duration


def test_a_few_words_and_then_all_the_rest_are_not_many_steps() -> None:
    lengths = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100]
    timeline = Timeline(
        tuple(
            Sample(at=n * 20.0, frame=n, text="x" * length, cursor=None, input=None)
            for n, length in enumerate(lengths)
        ),
        sent_at=0.0,
    )
    assert_grew_in_steps(timeline, at_least=11)
    with pytest.raises(AssertionError, match="one step brought 90 of 100 characters; at most 50% may"):
        assert_grew_in_steps(timeline, at_least=11, largest_share=0.5)


def test_words_that_were_drawn_together_are_one_step() -> None:
    samples = [Sample(at=n * 1.0, frame=1, text="x" * n, cursor=None, input=None) for n in range(40)]
    in_one_frame = Timeline(tuple(samples), sent_at=0.0)
    with pytest.raises(AssertionError, match="grew in 1 step;"):
        assert_grew_in_steps(in_one_frame, at_least=2)
    frame_each = Timeline(tuple(replace(s, frame=n) for n, s in enumerate(samples)), sent_at=0.0)
    assert_grew_in_steps(frame_each, at_least=39)


def test_text_beyond_the_basic_plane_is_recorded_as_it_is_shown(page: Page) -> None:
    page.set_content("<p></p>")
    recording = record(page, text="p")
    steps = ["river 🌊", "river 🏞", "river 🏞️ and 😀 é", "river 🏞️ and 😀😁 日本"]
    for step in steps:
        page.evaluate("text => document.querySelector('p').textContent = text", step)
    texts = [sample.text for sample in recording.stop().samples]
    assert texts == ["", *steps]


def test_a_cursor_and_a_closed_box_that_come_late_fail_where_a_bound_is_given() -> None:
    samples = (
        Sample(at=0, frame=0, text="", cursor=False, input="enabled"),
        Sample(at=900, frame=1, text="", cursor=True, input="disabled"),
        Sample(at=1000, frame=2, text="x", cursor=True, input="disabled"),
        Sample(at=1100, frame=3, text="x", cursor=False, input="enabled"),
    )
    late = Timeline(samples, sent_at=100)
    assert late.duration == 900
    for check in (assert_cursor_until_end, assert_input_disabled_until_end):
        check(late)
        check(late, within_ms=800)
        with pytest.raises(AssertionError, match="came 800 ms after the sending, not within 799 ms"):
            check(late, within_ms=799)
