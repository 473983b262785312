"""What is read stays where it is: a thread slides with its reply, or does not move at all."""

import pytest
from playwright.sync_api import expect

from chat_page import ChatPage
from scroll_trace import ScrollTrace, jumps, movements, slides
from side_bar import SideBar

GATE = 120
QUESTION = "[data-testid=message-user]"

pytestmark = pytest.mark.parametrize("protocol", ["http2"], indirect=True)


def test_a_thread_slides_with_its_reply_and_never_jumps(chat: ChatPage) -> None:
    chat.choose("scripted/markdown")
    gates = [{"after": after, "kind": "gate"} for after in (GATE, 2 * GATE)]
    chat.amend_requests(script={"tokens_per_second": 120, "faults": gates})
    generation = chat.ask("show me")
    expect(chat.text.locator("table")).to_be_attached()
    trace = ScrollTrace(chat.page, QUESTION)
    chat.open_gate(generation)
    # It slides as the reply comes, not at its end: the end is behind a gate.
    trace.wait_until_grown(by=100)
    chat.open_gate(generation)
    chat.expect_status("completed")
    frames = trace.stop()
    assert jumps(frames) == []
    assert max(frame.to_end for frame in frames) <= 1
    grew = frames[-1].height - frames[0].height
    assert grew > 300
    slid = [-slide.moved for slide in slides(frames)]
    assert sum(slid) == pytest.approx(grew, abs=1 + len(slid))


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
    chat.amend_requests(script={"tokens_per_second": 60, "faults": [{"after": 30, "kind": "gate"}]})
    generation = chat.ask("word " * 60)
    expect(chat.text).to_have_text(" ".join(["word"] * 30))
    trace = ScrollTrace(chat.page, "[data-testid=reply-text]")
    chat.page.evaluate(f"document.querySelector('{QUESTION}').style.paddingTop = '90px'")
    chat.open_gate(generation)
    chat.expect_status("completed")
    assert [round(change.moved) for change in jumps(trace.stop())] == [90]


def test_only_the_thread_scrolls_and_not_the_page_around_it(chat: ChatPage) -> None:
    chat.choose("scripted/prose")
    chat.amend_requests(script={"tokens_per_second": 2000})
    for question in ("one", "two", "three"):
        chat.ask(question)
        chat.expect_status("completed")
    chat.page.mouse.move(640, 250)
    chat.page.mouse.wheel(0, -5000)
    expect(chat.jump_to_latest).to_be_visible()
    height = chat.page.evaluate("() => document.documentElement.scrollHeight - innerHeight")
    assert height == 0, "what is below the thread's end is no part of the page"


def test_the_thread_is_scrolled_by_keys_while_the_box_waits(chat: ChatPage) -> None:
    chat.page.set_viewport_size({"width": 1280, "height": 500})
    chat.choose("scripted/prose")
    chat.amend_requests(script={"tokens_per_second": 2000})
    chat.ask("one")
    chat.expect_status("completed")
    chat.page.unroute_all()
    chat.amend_requests(script={"tokens_per_second": 2000, "faults": [{"after": GATE, "kind": "gate"}]})
    generation = chat.ask("two")
    expect(chat.page.get_by_role("log").locator("> [data-end]")).to_be_focused()
    chat.page.keyboard.type("why?")
    expect(chat.page.get_by_role("dialog")).to_have_count(0)
    chat.page.keyboard.press("Tab")
    expect(chat.models).to_be_focused()
    chat.page.keyboard.press("Shift+Tab")
    expect(chat.reply.get_by_test_id("details")).to_be_focused()
    chat.page.keyboard.press("PageUp")
    expect(chat.jump_to_latest).to_be_visible()
    chat.jump_to_latest.press("Enter")
    expect(chat.page.get_by_role("log").locator("> [data-end]")).to_be_focused()
    chat.open_gate(generation)
    chat.expect_status("completed")
    expect(chat.box).to_be_focused()


def test_a_long_question_is_folded_and_unfolds_where_it_is(chat: ChatPage) -> None:
    chat.ask("short")
    chat.expect_status("completed")
    expect(chat.questions.get_by_test_id("fold")).to_have_count(0)
    chat.choose("scripted/prose")
    chat.amend_requests(max_tokens=20)
    chat.ask("\n".join(f"Line {number} of the question." for number in range(60)))
    chat.expect_status("completed")
    question = chat.questions.last
    height = "(question) => question.offsetHeight"
    folded = question.evaluate(height)
    assert folded < 450
    fold = question.get_by_test_id("fold")
    expect(fold).to_have_attribute("aria-expanded", "false")
    top = question.evaluate("(question) => question.getBoundingClientRect().top")
    fold.press("Enter")
    expect(fold).to_have_attribute("aria-expanded", "true")
    expect(chat.jump_to_latest).to_be_visible()
    assert question.evaluate(height) > 3 * folded
    assert question.evaluate("(question) => question.getBoundingClientRect().top") == top
    fold.press("Enter")
    expect(chat.jump_to_latest).to_have_count(0)
    assert question.evaluate(height) == folded
    # Words that are looked for in it are shown: a browser scrolls to what it has found.
    question.locator("p").evaluate("(text) => (text.scrollTop = 800)")
    expect(fold).to_have_attribute("aria-expanded", "true")


def test_what_unfolds_in_sight_offers_no_jump(chat: ChatPage) -> None:
    chat.choose("scripted/reasoning")
    chat.amend_requests(script={"tokens_per_second": 1000})
    chat.ask("think")
    chat.expect_status("completed")
    summary = chat.reply.locator("summary")
    expect(chat.reasoning).to_be_hidden()
    summary.click()
    expect(chat.reasoning).to_be_visible()
    frames = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    chat.page.evaluate(frames)
    expect(chat.jump_to_latest).to_have_count(0)


@pytest.mark.parametrize("language", ["de", "ja"])
def test_nothing_but_the_text_grows_on_a_phone(chat: ChatPage, language: str) -> None:
    SideBar(chat.page).choose_for_all("menu-preferences")
    chat.page.get_by_test_id("preference-language").select_option(language)
    chat.page.keyboard.press("Escape")
    chat.page.set_viewport_size({"width": 360, "height": 800})
    chat.choose("scripted/prose")
    faults = [{"after": 1, "kind": "gate"}, {"after": 50, "kind": "gate"}]
    chat.amend_requests(max_tokens=60, script={"faults": faults})
    generation = chat.ask("one")
    expect(chat.figures).to_contain_text("scripted/prose")
    first = height_besides_text(chat)
    chat.open_gate(generation)
    expect(chat.figures.locator("span")).to_have_count(4)
    while_it_comes = height_besides_text(chat)
    chat.open_gate(generation)
    chat.expect_status("completed")
    expect(chat.regenerate).to_be_visible()
    assert (first, height_besides_text(chat)) == (while_it_comes, while_it_comes)


def height_besides_text(chat: ChatPage) -> float:
    """How high everything in a reply is that is not its text, in pixels, measured at one moment."""
    height: float = chat.reply.evaluate(
        "(reply) => reply.offsetHeight - reply.querySelector('[data-testid=reply-text]').offsetHeight"
    )
    return height
