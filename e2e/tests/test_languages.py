"""The page speaks the language of the person, and another one when they choose it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from chat_page import ChatPage
from complaints import Complaints
from side_bar import SideBar

pytestmark = pytest.mark.parametrize("protocol", ["http2"], indirect=True)


@pytest.fixture
def german(browser: Browser, address: str) -> Iterator[ChatPage]:
    """The page in the browser of somebody who reads German first."""
    with browser.new_context(ignore_https_errors=True, locale="de-AT") as context:
        complaints = Complaints(context)
        chat = ChatPage(context.new_page())
        chat.open(address)
        yield chat
        complaints.check()


def test_the_language_is_the_browsers_until_another_one_is_chosen(german: ChatPage) -> None:
    page, html = german.page, german.page.locator("html")
    expect(html).to_have_attribute("lang", "de")
    expect(german.send).to_have_text("Senden")
    german.amend_requests(script={"faults": [{"after": 2, "kind": "error"}]})
    german.ask("eins zwei drei")
    german.expect_status("failed")
    expect(german.error).to_contain_text("Das Modell konnte die Antwort nicht geben")

    SideBar(page).choose_for_all("menu-preferences")
    page.get_by_test_id("preference-language").select_option("ja")
    expect(page.get_by_test_id("preferences")).to_contain_text("言語")
    page.keyboard.press("Escape")
    expect(html).to_have_attribute("lang", "ja")
    expect(german.send).to_have_text("送信")
    expect(german.error).to_contain_text("モデルが返答できませんでした")
    page.reload()
    expect(german.send).to_have_text("送信")
    expect(html).to_have_attribute("lang", "ja")


def test_the_colours_are_those_that_are_chosen(chat: ChatPage) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light = chat.page.evaluate(background)
    SideBar(chat.page).choose_for_all("menu-preferences")
    chat.page.get_by_test_id("preference-theme").select_option("dark")
    chat.page.keyboard.press("Escape")
    chat.page.wait_for_function(f"{background} !== '{light}'")
    dark = chat.page.evaluate(background)
    # From the first paint on, which does not wait for the page's script.
    chat.page.route("**/assets/*.js", lambda route: None)
    chat.page.reload(wait_until="commit")
    expect(chat.page.locator("#root")).to_be_empty()
    expect(chat.page.locator("body")).to_have_css("background-color", dark)


def test_text_goes_as_its_writing_goes_and_code_from_left_to_right(chat: ChatPage) -> None:
    chat.ask("מעיין קטן is a spring\n\n- ראשון\n\n```\nx = 1\n```\n\nA river.")
    chat.expect_status("completed")
    direction = "(element) => getComputedStyle(element).direction"
    assert chat.text.locator("p").first.evaluate(direction) == "rtl"
    assert chat.text.locator("ul").evaluate(direction) == "rtl"
    assert chat.text.locator("pre").evaluate(direction) == "ltr"
    assert chat.text.locator("p").last.evaluate(direction) == "ltr"
    assert chat.questions.locator("p").evaluate(direction) == "rtl"
