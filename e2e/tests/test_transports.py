"""A reply comes over whatever transport is picked, and goes on over it after a reload."""

import json
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request, WebSocket, expect

from chat_page import ChatPage
from side_bar import SideBar

WORDS = [f"word{number}" for number in range(15)]
GATES = [{"after": after, "kind": "gate"} for after in (5, 10)]


def words(count: int) -> str:
    return " ".join(WORDS[:count])


class Used:
    """Over what a page asks for replies: media types, and `websocket`."""

    def __init__(self, page: Page) -> None:
        self.transports: list[str] = []
        page.on("request", self._on_request)
        page.on("websocket", self._on_socket)

    def _on_request(self, request: Request) -> None:
        path = urlsplit(request.url).path
        if path == "/api/chat" or (path.endswith("/events") and "/generations/" in path):
            self.transports.append(request.headers["accept"])
        elif path.startswith("/headwater.v1.ChatService/"):
            self.transports.append(request.headers["content-type"])

    def _on_socket(self, socket: WebSocket) -> None:
        socket.on("framesent", self._on_frame)

    def _on_frame(self, frame: str | bytes) -> None:
        """Of the page's sockets one is for changes."""
        if json.loads(frame)["action"] != "changes":
            self.transports.append("websocket")


def pick(chat: ChatPage, transport: str) -> None:
    SideBar(chat.page).choose_for_all("menu-preferences")
    chat.page.get_by_test_id("preference-transport").select_option(transport)
    chat.page.keyboard.press("Escape")


@pytest.mark.parametrize(
    ("transport", "used", "protocol"),
    [
        # Each once; the back end's tests have each of them over both protocols.
        ("ndjson", "application/x-ndjson", "http1"),
        ("websocket", "websocket", "http2"),
        ("connect", "application/connect+json", "http2"),
    ],
    indirect=["protocol"],
)
def test_a_reply_grows_over_what_is_picked_and_goes_on_after_a_reload(
    chat: ChatPage, transport: str, used: str
) -> None:
    chat.amend_requests(script={"faults": GATES})
    seen = Used(chat.page)
    pick(chat, transport)
    chat.box.fill(words(15))
    chat.send.click()
    generation = chat.generation_of_reply()
    expect(chat.text).to_have_text(words(5))
    chat.expect_status("streaming")
    chat.page.reload()
    expect(chat.text).to_have_text(words(5))
    chat.open_gate(generation)
    expect(chat.text).to_have_text(words(10))
    chat.open_gate(generation)
    chat.expect_status("completed")
    assert chat.text.inner_text() == words(15)
    assert seen.transports == [used, used]


@pytest.mark.parametrize("protocol", ["http2"], indirect=True)
def test_a_reply_that_is_not_streamed_is_waited_for_and_appears_whole(chat: ChatPage) -> None:
    chat.amend_requests(script={"faults": GATES})
    seen = Used(chat.page)
    pick(chat, "json")
    chat.box.fill(words(15))
    chat.send.click()
    generation = chat.generation_of_reply()
    chat.wait_until_said(generation, 5)
    chat.expect_status("waiting")
    expect(chat.cursor).to_be_visible()
    expect(chat.stop).to_be_visible()
    expect(chat.text).to_have_text("")
    chat.open_gate(generation)
    chat.wait_until_said(generation, 10)
    expect(chat.text).to_have_text("")
    chat.page.reload()
    expect(chat.text).to_have_text(words(10))
    expect(chat.cursor).to_be_visible()
    chat.open_gate(generation)
    chat.expect_status("completed")
    assert chat.text.inner_text() == words(15)
    assert set(seen.transports) == {"application/json"}


@pytest.mark.parametrize("protocol", ["http1"], indirect=True)
def test_a_reply_that_is_not_streamed_can_be_stopped(chat: ChatPage) -> None:
    chat.amend_requests(script={"faults": GATES})
    pick(chat, "json")
    chat.box.fill(words(15))
    chat.send.click()
    chat.wait_until_said(chat.generation_of_reply(), 5)
    chat.stop.click()
    chat.expect_status("cancelled")
    assert chat.text.inner_text() == words(5)


@pytest.mark.parametrize("protocol", ["http1"], indirect=True)
def test_replies_come_all_the_same_where_no_websocket_gets_through(chat: ChatPage) -> None:
    chat.page.route_web_socket(lambda url: urlsplit(url).path == "/api/ws", lambda socket: socket.close())
    pick(chat, "websocket")
    chat.ask(words(3))
    expect(SideBar(chat.page).toast).to_contain_text("WebSocket does not get through here")
    chat.expect_status("completed")
    assert chat.text.inner_text() == words(3)
