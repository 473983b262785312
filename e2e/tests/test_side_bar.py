"""Conversations can be found again, and put in order, with the mouse and with the keyboard."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Route, expect

from archive import conversation, question, reply
from chat_page import ChatPage
from complaints import Complaints
from side_bar import SideBar

pytestmark = pytest.mark.parametrize("protocol", ["http2"], indirect=True)

MIDDAY = datetime.now().astimezone().replace(hour=12, minute=0, second=0, microsecond=0)
LONG_AGO = datetime(2024, 3, 9, 12).astimezone()
AGES = {
    "from today": timedelta(0),
    "from yesterday": timedelta(days=1),
    "from this week": timedelta(days=4),
    "from this month": timedelta(days=20),
}


@pytest.fixture
def bar(chat: ChatPage) -> SideBar:
    """The side bar with five conversations of different ages."""
    dates = {title: MIDDAY - age for title, age in AGES.items()} | {"from long ago": LONG_AGO}
    chat.import_conversations(
        [
            conversation([question(f"Q {title}"), reply(f"A {title}")], title=title, at=at)
            for title, at in dates.items()
        ]
    )
    bar = SideBar(chat.page)
    expect(bar.items).to_have_count(5)
    return bar


def titles(bar: SideBar) -> list[str]:
    return bar.items.get_by_role("link").all_inner_texts()


def test_search_leads_to_the_message_with_the_words(chat: ChatPage) -> None:
    filler = [
        each
        for place in range(30)
        for each in (question(f"Question {place}"), reply("Nothing to see. " * 40))
    ]
    place = 12
    filler[place] = question("Where does the capercaillie sing?")
    wanted, _ = chat.import_conversations(
        [
            conversation(filler, title="Of birds"),
            conversation([question("fish")], title="Of fish"),
        ]
    )
    bar = SideBar(chat.page)
    chat.page.keyboard.press("Control+k")
    expect(bar.words).to_be_focused()
    chat.page.keyboard.type("sing caperc")
    expect(bar.results).to_have_count(1)
    expect(bar.snippets).to_contain_text("capercaillie")
    expect(bar.snippets.locator("mark")).to_have_text(["capercaillie", "sing"])
    chat.page.keyboard.press("Enter")
    found = chat.page.get_by_text("Where does the capercaillie sing?")
    marked = chat.page.locator(".row.linked")
    expect(marked.get_by_test_id("message-user")).to_have_text("Where does the capercaillie sing?")
    expect(found.last).to_be_in_viewport()
    message = chat.saved()["messages"][place]["id"]
    assert chat.page.url.endswith(f"/c/{wanted}#{message}")
    expect(chat.page).to_have_title("Of birds · Headwater")

    bar.words.press("Escape")
    expect(bar.results).to_have_count(0)
    expect(bar.items).to_have_count(2)
    bar.words.fill("nowhere to be found")
    expect(bar.bar).to_contain_text("Nothing was found for “nowhere to be found”.")


def test_a_title_is_written_in_its_place(bar: SideBar, chat: ChatPage) -> None:
    bar.open("from yesterday")
    bar.rename("from yesterday", "Of rivers")
    expect(bar.rename_box).to_have_count(0)
    expect(chat.page).to_have_title("Of rivers · Headwater")
    bar.item("Of rivers").get_by_role("link").press("F2")
    expect(bar.rename_box).to_be_focused()
    bar.rename_box.fill("Of mountains")
    bar.rename_box.press("Escape")
    expect(bar.item("Of rivers")).to_be_visible()
    expect(bar.item("Of mountains")).to_have_count(0)
    chat.page.reload()
    expect(bar.item("Of rivers")).to_be_visible()
    # A change of a title is no new message: it stays among those of its day.
    expect(bar.headings.nth(1)).to_have_text("Yesterday")


def test_conversations_stand_by_their_dates_but_pinned_ones_are_first_and_archived_ones_leave(
    bar: SideBar, chat: ChatPage
) -> None:
    expect(bar.headings).to_have_text(
        ["Today", "Yesterday", "Previous 7 days", "Previous 30 days", "March 2024"]
    )
    assert titles(bar) == [*AGES, "from long ago"]
    bar.choose("from long ago", "pin")
    expect(bar.items.first).to_have_attribute("data-pinned", "true")
    expect(bar.headings.first).to_have_text("Pinned")
    assert titles(bar)[0] == "from long ago"
    bar.choose("from yesterday", "archive")
    expect(bar.item("from yesterday")).to_have_count(0)
    # It is shown before the server has it, and said once it has.
    expect(bar.toast).to_contain_text("Archived")
    chat.page.reload()
    expect(bar.items).to_have_count(4)
    assert titles(bar) == [
        "from long ago",
        "from today",
        "from this week",
        "from this month",
    ]

    bar.choose_for_all("show-archived")
    expect(bar.items).to_have_count(1)
    bar.open("from yesterday")
    expect(chat.text).to_have_text("A from yesterday")
    bar.choose("from yesterday", "archive")
    expect(bar.items).to_have_count(0)
    chat.page.get_by_test_id("hide-archived").click()
    expect(bar.items).to_have_count(5)
    bar.choose("from long ago", "pin")
    expect(bar.headings.first).to_have_text("Today")


def test_what_was_deleted_can_be_taken_back_and_is_gone_otherwise(
    bar: SideBar, chat: ChatPage, complaints: Complaints
) -> None:
    complaints.expect("status of 404")
    bar.open("from this week")
    address = chat.page.url
    bar.choose("from this week", "delete")
    expect(bar.item("from this week")).to_have_count(0)
    expect(chat.empty_state).to_be_visible()
    expect(bar.toast).to_contain_text("“from this week” was deleted.")
    chat.page.get_by_test_id("undo").click()
    expect(bar.item("from this week")).to_have_attribute("aria-current", "page")
    expect(chat.text).to_have_text("A from this week")
    assert chat.page.url == address

    bar.choose("from this week", "delete")
    expect(bar.items).to_have_count(4)
    chat.page.goto(address)
    expect(chat.not_found).to_be_visible()
    expect(bar.items).to_have_count(4)


def test_keys_lead_through_the_conversations(bar: SideBar, chat: ChatPage) -> None:
    keyboard = chat.page.keyboard
    expect(chat.box).to_be_focused()
    for title in ("from today", "from yesterday", "from this week"):
        keyboard.press("Alt+ArrowDown")
        expect(bar.open_item).to_have_text(title)
        expect(chat.text).to_have_text(f"A {title}")
    keyboard.press("Alt+ArrowUp")
    expect(bar.open_item).to_have_text("from yesterday")
    expect(chat.page).to_have_title("from yesterday · Headwater")
    keyboard.press("Control+Shift+o")
    expect(chat.empty_state).to_be_visible()
    expect(chat.box).to_be_focused()
    expect(chat.page).to_have_title("Headwater")
    chat.page.go_back()
    expect(bar.open_item).to_have_text("from yesterday")
    expect(chat.text).to_have_text("A from yesterday")
    chat.page.go_back()
    expect(bar.open_item).to_have_text("from this week")
    chat.page.go_forward()
    expect(bar.open_item).to_have_text("from yesterday")

    # In the list: arrows move, Enter opens.
    keyboard.press("Control+k")
    keyboard.press("ArrowDown")
    expect(bar.item("from yesterday").get_by_role("link")).to_be_focused()
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    expect(bar.open_item).to_have_text("from this week")
    keyboard.press("?")
    dialog = chat.page.get_by_test_id("shortcuts")
    expect(dialog).to_contain_text("New chat")
    keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    chat.page.locator("body").press("?")
    expect(dialog).to_be_visible()
    chat.page.mouse.click(20, 780)
    expect(dialog).to_have_count(0)
    chat.box.fill("is this a question")
    chat.box.press("?")
    expect(dialog).to_have_count(0)
    expect(chat.box).to_have_value("is this a question?")


def test_a_search_gives_the_focus_back_or_keeps_it(bar: SideBar, chat: ChatPage) -> None:
    chat.page.keyboard.press("Control+k")
    box = chat.page.get_by_test_id("search-input")
    expect(box).to_be_focused()
    chat.page.keyboard.press("Escape")
    expect(chat.box).to_be_focused()
    # Shown again by its button, the bar leaves the focus there.
    toggle = chat.page.get_by_test_id("sidebar-toggle")
    toggle.press("Enter")
    expect(box).to_have_count(0)
    toggle.press("Enter")
    expect(box).to_be_visible()
    expect(toggle).to_be_focused()
    # What it came from is gone.
    chat.page.keyboard.press("Control+k")
    chat.page.keyboard.type("x")
    chat.page.keyboard.press("Tab")
    chat.page.keyboard.press("Enter")
    chat.page.keyboard.press("Escape")
    expect(box).to_be_focused()


def test_on_a_phone_the_conversations_come_over_the_page(bar: SideBar, chat: ChatPage) -> None:
    # What is held here with the fixtures: nothing breaks the content security policy.
    chat.page.set_viewport_size({"width": 390, "height": 780})
    expect(bar.bar).to_have_count(0)
    bar.toggle.click()
    expect(bar.items).to_have_count(5)
    bar.open_menu(bar.item("from today"))
    chat.page.keyboard.press("Escape")
    expect(chat.page.get_by_role("menu")).to_have_count(0)
    bar.choose("from today", "share")
    dialog = chat.page.get_by_test_id("share-dialog")
    expect(dialog.get_by_test_id("share-create")).to_be_visible()
    chat.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    bar.toggle.click()
    expect(bar.items).to_have_count(5)
    # With the focus in it, it listens for clicks beside it.
    expect(bar.bar.and_(chat.page.locator(":focus-within"))).to_have_count(1)
    chat.page.mouse.click(380, 400)
    expect(bar.bar).to_have_count(0)
    bar.toggle.click()
    bar.item("from long ago").get_by_role("link").click()
    expect(bar.bar).to_have_count(0)
    expect(chat.text).to_have_text("A from long ago")
    chat.page.get_by_test_id("settings").click()
    expect(chat.page.get_by_test_id("settings-system")).to_be_visible()
    chat.page.keyboard.press("Escape")
    expect(chat.page.get_by_test_id("settings-system")).to_have_count(0)
    widest = chat.page.evaluate("document.documentElement.scrollWidth")
    assert widest <= 390
    # The focus comes back from what was opened in the drawer.
    bar.toggle.click()
    bar.choose_for_all("menu-shortcuts")
    expect(chat.page.get_by_test_id("shortcuts")).to_be_visible()
    expect(bar.bar).to_have_count(0)
    chat.page.keyboard.press("Escape")
    expect(bar.toggle).to_be_focused()


def test_the_focus_stays_on_a_button_whose_menu_is_still_fetched(bar: SideBar) -> None:
    held: list[Route] = []
    bar.page.route("**/assets/conversation-menu-*.js", lambda route: held.append(route))
    bar.items.first.get_by_role("link").focus()
    with bar.page.expect_request("**/assets/conversation-menu-*.js"):
        bar.page.keyboard.press("Tab")
    button = bar.items.first.get_by_test_id("conversation-menu")
    bar.page.keyboard.press("Enter")
    expect(button).to_be_focused()
    held[0].continue_()
    expect(bar.page.get_by_role("menu")).to_be_visible()
    bar.page.keyboard.press("Escape")
    expect(button).to_be_focused()


def test_what_is_typed_before_the_search_box_is_there_goes_to_it(chat: ChatPage) -> None:
    page, held = chat.page, list[Route]()
    page.route("**/assets/sidebar-*.js", lambda route: held.append(route))
    with page.expect_request("**/assets/sidebar-*.js"):
        page.reload(wait_until="commit")
    expect(chat.box).to_be_focused()
    page.keyboard.press("Control+k")
    page.keyboard.type("riv")
    for route in held:
        route.continue_()
    search = page.get_by_test_id("search-input")
    expect(search).to_have_value("riv")
    expect(search).to_be_focused()
    page.keyboard.type("ers")
    expect(search).to_have_value("rivers")
    expect(chat.box).to_have_value("")


def test_what_could_not_be_fetched_is_told_and_fetched_at_the_next_click(
    bar: SideBar, chat: ChatPage, complaints: Complaints
) -> None:
    complaints.expect("ERR_CONNECTION_REFUSED")
    page = chat.page
    # In this order: each needs a chunk that those before it did not.
    parts: dict[str, Callable[[], None]] = {
        "settings-system": page.get_by_test_id("settings").click,
        "menu-shortcuts": bar.bar.get_by_test_id("sidebar-menu").click,
        "shortcuts": lambda: bar.choose_for_all("menu-shortcuts"),
    }
    for told, (part, ask_for_it) in enumerate(parts.items(), 1):
        page.route("**/assets/*.js", lambda route: route.abort("connectionrefused"))
        ask_for_it()
        expect(bar.toast).to_have_count(told)
        expect(bar.toast.last).to_contain_text("could not be loaded")
        page.unroute("**/assets/*.js")
        ask_for_it()
        expect(page.get_by_test_id(part)).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_test_id(part)).to_have_count(0)


def test_taking_back_with_a_finger_leaves_the_drawer_open(browser: Browser, address: str) -> None:
    with browser.new_context(
        ignore_https_errors=True, viewport={"width": 390, "height": 780}, has_touch=True
    ) as context:
        chat = ChatPage(context.new_page())
        chat.open(address)
        chat.import_conversations(
            [conversation([question("Q"), reply("A")], title=title) for title in ("one", "two")]
        )
        bar = SideBar(chat.page)
        bar.toggle.tap()
        bar.item("one").get_by_test_id("conversation-menu").tap()
        chat.page.get_by_test_id("menu-delete").tap()
        expect(bar.items).to_have_count(1)
        chat.page.get_by_test_id("undo").tap()
        expect(bar.items).to_have_count(2)
        expect(bar.toast).to_have_count(0)
        expect(bar.bar).to_be_visible()


def test_a_dialog_darkens_the_page_and_all_of_a_menu_can_be_reached_on_a_low_screen(bar: SideBar) -> None:
    bar.choose("from today", "share")
    expect(bar.page.get_by_test_id("share-dialog")).to_be_visible()
    behind = bar.page.locator(".bg-scrim")
    expect(behind).to_have_css("background-color", re.compile(r"rgba\(.+, 0\.[1-9]\d*\)"))
    bar.page.keyboard.press("Escape")
    expect(bar.item("from today").get_by_test_id("conversation-menu")).to_be_focused()

    bar.page.set_viewport_size({"width": 844, "height": 340})
    bar.open_menu(bar.items.first)
    top = bar.page.get_by_role("menu").evaluate("(menu) => menu.getBoundingClientRect().top")
    assert top >= 0
    for name in ("menu-rename", "menu-delete"):
        bar.page.get_by_test_id(name).scroll_into_view_if_needed()
        expect(bar.page.get_by_test_id(name)).to_be_in_viewport(ratio=1)
