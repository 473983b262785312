"""The chat as a library, in an application of somebody else that was built with it."""

import mimetypes
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from chat_page import ChatPage
from streamcheck import assert_grew_in_steps

EXAMPLE = Path(__file__).resolve().parents[2] / "frontend" / "examples" / "embedded" / "dist"

SHOP = "rgb(179, 84, 30)"

pytestmark = pytest.mark.parametrize("protocol", ["http2"], indirect=True)


@pytest.fixture
def shop(page: Page, address: str) -> ChatPage:
    """The example at the server's own address, as behind one proxy."""

    def serve(route: Route) -> None:
        file = EXAMPLE / route.request.url.removeprefix(f"{address}/shop/")
        route.fulfill(path=file, content_type=mimetypes.guess_type(file.name)[0])

    assert EXAMPLE.is_dir(), "make library builds the example"
    page.route(f"{address}/shop/**", serve)
    chat = ChatPage(page)
    chat.open(f"{address}/shop/index.html")
    return chat


def test_a_reply_streams_in_the_page_of_somebody_else(shop: ChatPage) -> None:
    shop.choose("scripted/markdown")
    recording = shop.record()
    generation = shop.ask("show me")
    timeline = recording.wait_until_finished()
    assert_grew_in_steps(timeline, at_least=40, largest_share=0.3)
    expect(shop.text.locator("math")).to_have_count(4)
    expect(shop.text.locator("pre code span").first).to_be_attached()
    assert shop.generation(generation)["outcome"]["status"] == "completed"

    # It is kept, and what comes next is asked in it.
    shop.choose("scripted/echo")
    shop.ask("and more")
    expect(shop.text).to_have_text("and more")
    shop.new_chat.click()
    expect(shop.empty_state).to_be_visible()


def test_its_styles_stop_where_it_does(shop: ChatPage) -> None:
    page = shop.page
    georgia, other = re.compile("^Georgia"), re.compile("^(?!Georgia)")
    order = page.get_by_role("button", name="Orders")
    expect(order).to_have_css("background-color", SHOP)
    expect(order).to_have_css("font-family", georgia)
    expect(page.get_by_role("heading", name="Pumps and pipes")).to_have_css("font-size", "27px")

    # The accent is the shop's; its rules for buttons stop at the chat.
    shop.box.fill("a message")
    expect(shop.send).to_have_css("background-color", SHOP)
    expect(shop.send).to_have_css("font-family", other)
    settings = page.get_by_test_id("settings")
    expect(settings).to_have_css("background-color", "rgba(0, 0, 0, 0)")
    settings.click()
    panel = page.locator(".headwater").get_by_role("dialog")
    expect(panel).to_have_css("font-family", other)
    expect(panel).to_have_css("border-top-width", "1px")
