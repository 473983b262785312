"""Nobody is left out: every state under axe, in both colours, and what a screen reader is told."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from announcements import Announcements
from archive import conversation, question, reply
from axe import assert_accessible
from chat_page import ChatPage
from complaints import Complaints
from conftest import WIDE
from side_bar import SideBar

pytestmark = pytest.mark.parametrize("protocol", ["http2"], indirect=True)


def look(page: Page, state: str) -> None:
    """Hold a state to every rule, and in the dark to what the dark changes."""
    background = "getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="light")
    light = page.evaluate(background)
    assert_accessible(page, f"{state}, light")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{background} !== '{light}'")
    assert_accessible(page, f"{state}, dark", ["color-contrast"])


def test_axe_has_nothing_to_say_about_replies(chat: ChatPage) -> None:
    look(chat.page, "empty")
    chat.box.fill("a draft")
    look(chat.page, "with a draft")

    chat.choose("scripted/markdown")
    chat.amend_requests(script={"tokens_per_second": 3000, "faults": [{"after": 240, "kind": "gate"}]})
    chat.ask("show me")
    expect(chat.text.locator("pre code span").first).to_be_attached()
    look(chat.page, "streaming")
    chat.stop.click()
    chat.expect_status("cancelled")
    look(chat.page, "stopped")
    chat.page.set_viewport_size({"width": 360, "height": 740})
    look(chat.page, "a table that scrolls")
    chat.page.set_viewport_size(WIDE)
    chat.reply.get_by_test_id("details").click()
    expect(chat.page.get_by_test_id("details-panel")).to_be_visible()
    look(chat.page, "details")
    chat.page.keyboard.press("Escape")

    chat.page.unroute_all()
    chat.choose("scripted/code")
    chat.amend_requests(script={"tokens_per_second": 3000})
    chat.ask("much code")
    chat.expect_status("completed")
    look(chat.page, "long code")
    chat.questions.last.hover()
    chat.questions.last.get_by_test_id("edit").click()
    look(chat.page, "editing")
    chat.page.get_by_test_id("edit-cancel").click()

    chat.page.unroute_all()
    chat.choose("scripted/reasoning")
    chat.amend_requests(script={"tokens_per_second": 3000, "faults": [{"after": 60, "kind": "error"}]})
    chat.ask("think")
    chat.expect_status("failed")
    look(chat.page, "failed")


def test_axe_has_nothing_to_say_about_what_opens(chat: ChatPage, complaints: Complaints) -> None:
    complaints.expect("404.*conv_unknown")
    page, bar = chat.page, SideBar(chat.page)
    chat.import_conversations([conversation([question("Q"), reply("A")], title="Kept")])
    expect(bar.item("Kept")).to_be_visible()
    opened: dict[str, Callable[[], None]] = {
        "menu of a conversation": lambda: bar.open_menu(bar.item("Kept")),
        "menu of all": lambda: bar.bar.get_by_test_id("sidebar-menu").click(),
        "share": lambda: bar.choose("Kept", "share"),
        "shortcuts": lambda: page.keyboard.press("?"),
        "preferences": lambda: bar.choose_for_all("menu-preferences"),
        "settings": lambda: page.get_by_test_id("settings").click(),
    }
    for name, open_it in opened.items():
        page.locator("body").click(position={"x": 640, "y": 60})
        open_it()
        expect(page.locator("[role=menu], [role=dialog]")).to_be_visible()
        look(page, name)
        page.keyboard.press("Escape")
        expect(page.locator("[role=menu], [role=dialog]")).to_have_count(0)
    bar.words.fill("Kept")
    expect(bar.results).to_have_count(1)
    look(page, "search")
    bar.words.fill("")

    page.set_viewport_size({"width": 360, "height": 740})
    bar.toggle.click()
    expect(bar.item("Kept")).to_be_visible()
    look(page, "drawer")
    bar.item("Kept").get_by_role("link").click()
    expect(chat.text).to_have_text("A")
    chat.visit("/c/conv_unknown")
    expect(chat.not_found).to_be_visible()
    look(page, "not found")


def test_a_screen_reader_hears_starts_ends_and_errors_and_no_words(page: Page, address: str) -> None:
    heard, chat = Announcements(page), ChatPage(page)
    chat.open(address)
    chat.choose("scripted/prose")
    chat.amend_requests(max_tokens=120, script={"tokens_per_second": 200})
    chat.ask("speak")
    chat.expect_status("completed")
    heard.expect("The reply has started.", "The reply is complete.")

    page.unroute_all()
    chat.amend_requests(script={"faults": [{"after": 10, "kind": "gate"}]})
    chat.ask("speak, and be stopped")
    expect(chat.text).to_contain_text("A river")
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "off")
    expect(chat.reply).to_have_attribute("aria-busy", "true")
    page.keyboard.press("Escape")
    heard.expect("The reply has started.", "The reply was stopped.")
    expect(chat.reply).to_have_attribute("aria-busy", "false")

    page.unroute_all()
    chat.amend_requests(script={"tokens_per_second": 500, "faults": [{"after": 30, "kind": "error"}]})
    chat.ask("speak, and fail")
    heard.expect("The reply has started.", "The scripted model failed, as it was asked to.")


def test_a_screen_reader_hears_no_old_failure_and_no_start_of_what_is_refused(
    page: Page, address: str, complaints: Complaints
) -> None:
    complaints.expect("status of 413")
    heard, chat = Announcements(page), ChatPage(page)
    chat.open(address)
    chat.amend_requests(script={"faults": [{"after": 3, "kind": "error"}]})
    chat.ask("fail at once please")
    chat.expect_status("failed")
    heard.expect("The reply has started.", "The scripted model failed, as it was asked to.")

    page.unroute_all()
    chat.new_chat.click()
    expect(chat.empty_state).to_be_visible()
    SideBar(page).item("fail at once please").click()
    expect(chat.error).to_be_visible()
    chat.box.fill("word " * 8_000)
    chat.send.click()
    heard.expect("A message has 40000 characters; it may have 32768.")


def test_a_screen_reader_hears_that_something_was_copied(page: Page, address: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    heard, chat = Announcements(page), ChatPage(page)
    chat.open(address)
    chat.ask("```python\nx = 1\n```")
    chat.expect_status("completed")
    heard.expect("The reply has started.", "The reply is complete.")
    chat.reply.get_by_role("button", name="Copy code").click()
    heard.expect("Copied")
    chat.reply.get_by_test_id("copy").click()
    heard.expect("Copied")


FOCUSED = """
    () => {
        const element = document.activeElement;
        const { outlineStyle, outlineWidth, opacity } = getComputedStyle(element);
        // The box to write in shows it on its frame, a search by its border.
        const framed = element.matches("textarea, input") && element.matches(":focus-visible");
        const ring = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
        const named = element.closest("[data-testid]");
        return {
            name: named?.dataset.testid ?? element.localName,
            seen: (ring || framed) && opacity !== "0",
        };
    }
"""


def test_every_control_is_reached_by_tab_and_shows_it(chat: ChatPage) -> None:
    chat.choose("scripted/code")
    chat.amend_requests(script={"tokens_per_second": 3000})
    chat.ask("much code")
    chat.expect_status("completed")
    expect(chat.box).to_be_focused()
    expect(SideBar(chat.page).items).to_have_count(1)
    reached: dict[str, bool] = {}
    for _ in range(60):
        chat.page.keyboard.press("Tab")
        focused = chat.page.evaluate(FOCUSED)
        if focused["name"] == "body":
            continue
        reached[focused["name"]] = reached.get(focused["name"], True) and focused["seen"]
        if focused["name"] == "composer-input":
            break
    assert [name for name, is_seen in reached.items() if not is_seen] == []
    assert reached.keys() >= {
        "sidebar-toggle",
        "sidebar-menu",
        "new-chat",
        "search-input",
        "conversation-item",
        "conversation-menu",
        "edit",
        "reply-text",  # the buttons and the code in it
        "details",
        "copy",
        "regenerate",
        "composer-input",
        "model-select",
        "settings",
    }
