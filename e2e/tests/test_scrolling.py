"""What is read stays where it is: a thread slides with its reply, or does not move at all."""

import pytest
from playwright.sync_api import expect

from chat_page import ChatPage
from scroll_trace import ScrollTrace, jumps, movements, slides

GATE = 120
QUESTION = "[data-testid=message-user]"

pytestmark = pytest.mark.parametrize("protocol", ["http2"], indirect=True)


def test_a_thread_slides_with_its_reply_and_never_jumps(chat: ChatPage) -> None:
    chat.choose("scripted/markdown")
    chat.amend_requests(script={"tokens_per_second": 120, "faults": [{"after": GATE, "kind": "gate"}]})
    generation = chat.ask("show me")
    expect(chat.text.locator("table")).to_be_attached()
    trace = ScrollTrace(chat.page, QUESTION)
    chat.open_gate(generation)
    chat.expect_status("completed")
    frames = trace.stop()
    assert jumps(frames) == []
    assert len(slides(frames)) >= 10
    assert max(frame.to_end for frame in frames) <= 1


def test_what_is_read_does_not_move_while_a_reply_grows_below(chat: ChatPage) -> None:
    chat.page.set_viewport_size({"width": 1280, "height": 500})
    chat.choose("scripted/markdown")
    chat.amend_requests(script={"tokens_per_second": 300, "faults": [{"after": GATE, "kind": "gate"}]})
    generation = chat.ask("show me")
    expect(chat.text.locator("table")).to_be_attached()
    chat.page.mouse.move(640, 250)
    chat.page.mouse.wheel(0, -150)
    expect(chat.jump_to_latest).to_be_visible()
    trace = ScrollTrace(chat.page, QUESTION)
    chat.open_gate(generation)
    chat.expect_status("completed")
    changes = movements(trace.stop())
    assert [change.moved for change in changes if change.moved != 0] == []
    assert sum(change.grew for change in changes) > 300


def test_a_jump_is_told_from_a_slide(chat: ChatPage) -> None:
    """Something above what is read becomes higher, as an image without a size would."""
    chat.amend_requests(script={"tokens_per_second": 60})
    chat.ask("word " * 60)
    expect(chat.text).to_contain_text("word word")
    trace = ScrollTrace(chat.page, "[data-testid=reply-text]")
    chat.page.evaluate(f"document.querySelector('{QUESTION}').style.paddingTop = '90px'")
    chat.expect_status("completed")
    assert [round(change.moved) for change in jumps(trace.stop())] == [90]
