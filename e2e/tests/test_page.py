"""What the page is like to use, apart from the replies themselves."""

import re

import pytest
from playwright.sync_api import Locator, expect

from archive import question, reply
from chat_page import ChatPage
from complaints import Complaints
from streamcheck import assert_grew_in_steps

FIND_SCROLLER = """
    const findScroller = () => {
        let box = document.querySelector("[role=log]");
        while (!/auto|scroll/.test(getComputedStyle(box).overflowY)) box = box.parentElement;
        return box;
    };
"""
SCROLL = f"""
    async () => {{
        {FIND_SCROLLER}
        const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
        await nextFrame();
        await nextFrame();
        const box = findScroller();
        return {{ top: box.scrollTop, to_end: box.scrollHeight - box.clientHeight - box.scrollTop }};
    }}
"""
SCROLL_ENDS = f"""
    () => {{
        {FIND_SCROLLER}
        const box = findScroller();
        const ended = (resolve) => box.addEventListener("scrollend", resolve, {{ once: true }});
        return {{ done: new Promise(ended).then(() => true) }};
    }}
"""

pytestmark = pytest.mark.parametrize("protocol", ["http2"], indirect=True)


def test_the_models_are_those_of_the_server(chat: ChatPage) -> None:
    models = chat.page.request.get(f"{chat.page.url}api/models").json()
    offered = chat.models.locator("option")
    values = [option.get_attribute("value") for option in offered.all()]
    assert values == [model["id"] for model in models]
    assert len(values) >= 10
    expect(chat.models).to_have_value(next(model["id"] for model in models if model["default"]))
    chat.choose("scripted/prose")
    chat.amend_requests(max_tokens=6)
    generation = chat.generation(chat.ask("speak"))
    chat.expect_status("completed")
    assert generation["model"] == "scripted/prose"
    expect(chat.text).to_have_text("A river does not wait until")
    expect(chat.figures).to_contain_text("scripted/prose")
    expect(chat.figures).to_contain_text("tokens/s")
    expect(chat.figures).to_contain_text("first token")


def test_the_first_click_on_an_empty_page_streams_something(chat: ChatPage) -> None:
    expect(chat.empty_state).to_be_visible()
    expect(chat.box).to_be_focused()
    chat.amend_requests(script={"tokens_per_second": 8})
    recording = chat.record()
    prompt = chat.empty_state.get_by_role("button").first
    said = prompt.inner_text()
    chat.generation_started_by(prompt)
    expect(chat.questions).to_have_text(said)
    timeline = recording.wait_until_finished()
    assert timeline.text == said
    assert_grew_in_steps(timeline, at_least=3)
    expect(chat.empty_state).to_have_count(0)


def test_it_can_be_used_by_keyboard_alone(chat: ChatPage) -> None:
    keyboard = chat.page.keyboard
    expect(chat.box).to_be_focused()
    keyboard.press("Enter")
    expect(chat.replies).to_have_count(0)
    keyboard.type("first")
    keyboard.press("Shift+Enter")
    keyboard.type("line")
    keyboard.press("Enter")
    expect(chat.questions).to_have_text("first\nline")
    chat.expect_status("completed")
    expect(chat.box).to_be_focused()
    keyboard.type("second")
    keyboard.press("Enter")
    expect(chat.text).to_have_text("second")
    chat.expect_status("completed")
    expect(chat.box).to_be_focused()


def test_nothing_leads_to_the_end_where_everything_is_in_sight(chat: ChatPage) -> None:
    place = chat.import_conversation([question("Q"), reply("A line.\n\n" * 20)])
    chat.visit(f"/c/{place}")
    expect(chat.text).to_contain_text("A line.")
    chat.page.mouse.move(640, 300)
    chat.page.mouse.wheel(0, -100)
    expect(chat.jump_to_latest).to_be_visible()
    chat.page.set_viewport_size({"width": 1280, "height": 1800})
    expect(chat.jump_to_latest).to_have_count(0)


def test_scrolling_up_unpins_and_the_button_brings_back(chat: ChatPage) -> None:
    words = [f"word{number}" for number in range(800)]
    gates = [{"after": after, "kind": "gate"} for after in (500, 600, 700)]
    chat.amend_requests(script={"tokens_per_second": 5000, "faults": gates})
    generation = chat.ask(" ".join(words))
    expect(chat.text).to_have_text(" ".join(words[:500]))
    assert scroll_of(chat)["to_end"] <= 1
    expect(chat.jump_to_latest).to_have_count(0)

    scrolled = chat.page.evaluate_handle(SCROLL_ENDS)
    chat.page.mouse.move(640, 300)
    chat.page.mouse.wheel(0, -200)
    scrolled.evaluate("({ done }) => done")
    expect(chat.jump_to_latest).to_be_visible()
    place = scroll_of(chat)["top"]
    chat.open_gate(generation)
    expect(chat.text).to_have_text(" ".join(words[:600]))
    assert scroll_of(chat)["top"] == place

    chat.jump_to_latest.click()
    expect(chat.jump_to_latest).to_have_count(0)
    assert scroll_of(chat)["to_end"] <= 1
    chat.open_gate(generation)
    expect(chat.text).to_have_text(" ".join(words[:700]))
    assert scroll_of(chat)["to_end"] <= 1
    chat.open_gate(generation)
    chat.expect_status("completed")


def scroll_of(chat: ChatPage) -> dict[str, float]:
    """Where the conversation is scrolled to, and how far that is from its end, in pixels."""
    scroll: dict[str, float] = chat.page.evaluate(SCROLL)
    return scroll


def test_a_narrow_page_does_not_scroll_sideways(chat: ChatPage) -> None:
    width = 360
    chat.page.set_viewport_size({"width": width, "height": 780})
    for model in ("scripted/markdown", "scripted/code"):
        chat.choose(model)
        chat.amend_requests(script={"tokens_per_second": 2000})
        chat.ask("https://example.com/" + "a-long-path/" * 12)
        chat.expect_status("completed")
        widest = chat.page.evaluate(
            "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
        )
        assert widest <= width
        chat.page.unroute_all()
        for control in (chat.box, chat.models, chat.send):
            place = control.bounding_box()
            assert place is not None
            assert place["x"] >= 0
            assert place["x"] + place["width"] <= width


def test_reduced_motion_is_honoured(chat: ChatPage) -> None:
    chat.page.emulate_media(reduced_motion="reduce")
    chat.amend_requests(script={"faults": [{"after": 1, "kind": "gate"}]})
    generation = chat.ask("one two")
    expect(chat.text).to_have_text("one")
    moving = chat.page.evaluate(
        "document.getAnimations().filter(({ playState }) => playState === 'running')"
        ".map(({ animationName, effect }) => `${animationName} of ${effect.target.className}`)"
    )
    assert moving == []
    chat.open_gate(generation)
    chat.expect_status("completed")


def test_a_reply_can_be_read_where_what_draws_it_cannot_be_had(
    chat: ChatPage, complaints: Complaints
) -> None:
    complaints.expect("ERR_CONNECTION_REFUSED")
    chat.page.route("**/assets/smoothed-markdown-*.js", lambda route: route.abort("connectionrefused"))
    chat.page.reload()
    chat.choose("scripted/echo")
    chat.ask("some **bold** words")
    expect(chat.text).to_have_text("some **bold** words")
    chat.expect_status("completed")
    chat.page.unroute("**/assets/smoothed-markdown-*.js")
    chat.ask("more *of* them")
    expect(chat.text).to_have_text("more of them")
    expect(chat.replies.first.get_by_test_id("reply-text")).to_have_text("some bold words")


def test_it_is_said_that_something_is_missing_where_the_words_for_it_cannot_be_had(
    chat: ChatPage, complaints: Complaints
) -> None:
    complaints.expect("status of 404")
    complaints.expect("ERR_CONNECTION_REFUSED")
    complaints.expect("Failed to fetch dynamically imported module")
    chat.page.route("**/assets/not-found-*.js", lambda route: route.abort("connectionrefused"))
    chat.visit("/c/conv_unknown")
    expect(chat.page.get_by_test_id("cannot-load")).to_be_visible()


def test_a_conversation_is_printed_whole_and_alone(chat: ChatPage) -> None:
    said = "Some **bold** words. " + "Many more of them. " * 60
    place = chat.import_conversation([kind(said) for _ in range(20) for kind in (question, reply)])
    chat.visit(f"/c/{place}")
    expect(chat.replies).to_have_count(20)
    bold = chat.replies.first.locator("strong")
    expect(bold).to_have_count(0)
    pages = re.findall(rb"/Type\s*/Page\b", chat.page.pdf())
    assert len(pages) >= 8
    expect(bold).to_have_text("bold")
    chat.page.emulate_media(media="print")
    log = chat.page.get_by_role("log").bounding_box()
    assert log is not None
    assert log["y"] < 150
    assert log["width"] > 1000
    for control in (chat.box, chat.new_chat, chat.models, chat.page.get_by_test_id("copy").first):
        expect(control).to_be_hidden()


def test_forced_colours_show_where_the_focus_is_and_that_a_reply_runs(chat: ChatPage) -> None:
    chat.page.emulate_media(forced_colors="active")
    chat.amend_requests(script={"faults": [{"after": 2, "kind": "gate"}]})
    assert outline(chat.box) != "none"
    generation = chat.ask("one two three")
    cursor = (
        "(cursor) => [cursor, cursor.closest('body')].map((one) => getComputedStyle(one).backgroundColor)"
    )
    expect(chat.text).to_contain_text("one")
    shown, ground = chat.cursor.evaluate(cursor)
    assert shown != ground
    chat.open_gate(generation)
    chat.expect_status("completed")


def test_an_item_of_a_menu_shows_that_it_has_the_focus(chat: ChatPage) -> None:
    chat.page.get_by_test_id("sidebar-menu").focus()
    chat.page.keyboard.press("Enter")
    expect(chat.page.get_by_role("menu")).to_be_visible()
    chat.page.keyboard.press("ArrowDown")
    focused = chat.page.locator("[role=menuitem]:focus")
    expect(focused).to_have_count(1)
    assert outline(focused) != "none"


def outline(element: Locator) -> str:
    style: str = element.evaluate("(element) => getComputedStyle(element).outlineStyle")
    return style
