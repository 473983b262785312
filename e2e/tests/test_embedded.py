"""The chat as a library, in an application of somebody else that was built with it."""

import mimetypes
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from chat_page import ChatPage
from headwater_server import free_ports, headwater_server
from streamcheck import assert_grew_in_steps

EXAMPLE = Path(__file__).resolve().parents[2] / "frontend" / "examples" / "embedded" / "dist"

NAMED_ENDPOINT = re.compile(r"endpoint:[`'\"]/[`'\"]")
"""What the example says of its endpoint, once it is built."""

SHOP = "rgb(179, 84, 30)"

over_http2 = pytest.mark.parametrize("protocol", ["http2"], indirect=True)


def open_shop(page: Page, place: str, endpoint: str = "/", server: str | None = None) -> ChatPage:
    """Open the example as if it were served at `place`, with another endpoint where one is given."""
    assert EXAMPLE.is_dir(), "make library builds the example"

    def serve(route: Route) -> None:
        file = EXAMPLE / route.request.url.removeprefix(f"{place}/")
        text, named = NAMED_ENDPOINT.subn(f"endpoint:`{endpoint}`", file.read_text("utf-8"))
        assert named == (1 if file.match("assets/index-*.js") else 0)
        route.fulfill(body=text, content_type=mimetypes.guess_type(file.name)[0])

    page.route(f"{place}/**", serve)
    chat = ChatPage(page, server)
    chat.open(f"{place}/index.html")
    return chat


@pytest.fixture
def shop(page: Page, address: str) -> ChatPage:
    """The example at the server's own address, as behind one proxy."""
    return open_shop(page, f"{address}/shop", server=address)


@over_http2
def test_a_reply_streams_in_the_page_of_somebody_else(shop: ChatPage) -> None:
    shop.choose("scripted/markdown")
    recording = shop.record()
    generation = shop.ask("show me")
    timeline = recording.wait_until_finished()
    assert_grew_in_steps(timeline, at_least=10, largest_share=0.5)
    expect(shop.text.locator("math")).to_have_count(4)
    expect(shop.text.locator("pre code span").first).to_be_attached()
    assert shop.generation(generation)["outcome"]["status"] == "completed"

    # It is kept, and what comes next is asked in it.
    shop.choose("scripted/echo")
    shop.ask("and more")
    expect(shop.text).to_have_text("and more")
    shop.new_chat.click()
    expect(shop.empty_state).to_be_visible()


@over_http2
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


def test_a_server_elsewhere_streams_and_knows_who_asks(page: Page, tmp_path: Path) -> None:
    place = f"http://127.0.0.1:{free_ports(1)[0]}"
    # What a test serves itself comes, to the browser, from the internet.
    page.context.grant_permissions(["local-network-access"])
    with headwater_server(tmp_path, HEADWATER_ALLOWED_ORIGINS=place) as server:
        for asked in (1, 2):
            chat = open_shop(page, place, server.http1)
            chat.amend_requests(script={"tokens_per_second": 10})
            recording = chat.record()
            chat.box.fill("one two three four five six seven eight")
            chat.send.click()
            timeline = recording.wait_until_finished()
            assert timeline.text == "one two three four five six seven eight"
            assert_grew_in_steps(timeline, at_least=3)
            page.unroute_all()
            # Without cookies, and also after the page was opened anew.
            assert page.context.cookies(server.http1) == []
            token = page.evaluate(
                "localStorage.getItem(Object.keys(localStorage).find((key) => /client/.test(key)))"
            )
            kept = page.request.get(f"{server.http1}/api/conversations", headers={"headwater-client": token})
            assert len(kept.json()["conversations"]) == asked
