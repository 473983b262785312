"""The box to write in."""

import pytest
from playwright.sync_api import expect

from chat_page import ChatPage
from scroll_trace import ScrollTrace, movements

pytestmark = pytest.mark.parametrize("protocol", ["http2"], indirect=True)


def test_a_long_text_is_pasted_kept_and_sent_word_for_word(chat: ChatPage) -> None:
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    text = "\n".join(
        f"{number}. a line with two  spaces, \ta tab, 日本語 and “quotes”" for number in range(400)
    )
    empty = height_of(chat)
    chat.box.fill("one\ntwo\nthree")
    assert height_of(chat) > empty, "it grows"
    chat.box.fill("")
    assert height_of(chat) == empty, "and shrinks again"

    chat.page.evaluate("(text) => navigator.clipboard.writeText(text)", text)
    chat.box.focus()
    chat.page.keyboard.press("ControlOrMeta+v")
    expect(chat.box).to_have_value(text)
    assert empty < height_of(chat) <= 320, "no more than two fifths of the window"
    expect(chat.send).to_be_in_viewport(ratio=1)
    chat.page.reload()
    expect(chat.box).to_have_value(text)

    chat.choose("scripted/prose")
    chat.amend_requests(max_tokens=3)
    chat.generation_started_by(chat.send)
    chat.expect_status("completed")
    assert chat.saved()["messages"][0]["text"] == text
    assert chat.questions.locator("p").text_content() == text
    assert height_of(chat) == empty


def test_a_reply_is_copied_where_the_browser_has_no_clipboard_for_pages(chat: ChatPage) -> None:
    """As on a page that is served over plain http from another machine."""
    chat.page.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    chat.ask("two  spaces and a `name`")
    chat.expect_status("completed")
    chat.reply.get_by_test_id("copy").click()
    expect(chat.reply.get_by_role("status")).to_have_text("Copied")
    chat.box.focus()
    chat.page.keyboard.press("ControlOrMeta+v")
    expect(chat.box).to_have_value("two  spaces and a `name`")


def test_a_box_that_does_not_grow_by_itself_moves_nothing_as_it_is_measured(chat: ChatPage) -> None:
    """As in browsers without `field-sizing`."""
    chat.page.set_viewport_size({"width": 1280, "height": 500})
    chat.page.add_init_script("CSS.supports = (name) => name !== 'field-sizing'")
    chat.page.reload()
    chat.page.evaluate("document.styleSheets[0].insertRule('textarea { field-sizing: fixed !important }')")
    chat.choose("scripted/prose")
    chat.amend_requests(max_tokens=200, script={"tokens_per_second": 2000})
    chat.ask("one")
    chat.expect_status("completed")
    empty = height_of(chat)
    chat.box.fill("one\ntwo\nthree")
    assert height_of(chat) > empty, "it grows"
    trace = ScrollTrace(chat.page, "[data-testid=message-user]")
    chat.box.press_sequentially(" and four")
    assert [change.moved for change in movements(trace.stop()) if change.moved != 0] == []
    expect(chat.jump_to_latest).to_have_count(0)
    chat.box.fill("")
    assert height_of(chat) == empty, "and shrinks again"


def height_of(chat: ChatPage) -> float:
    """How high the box is, in pixels."""
    place = chat.box.bounding_box()
    assert place is not None
    return place["height"]
