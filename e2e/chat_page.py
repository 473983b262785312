"""Headwater's page, in the words of a person who uses it."""
# ruff: noqa: S101

import json
import re
from collections.abc import Sequence
from struct import Struct
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, Response, Route, WebSocketRoute, expect

from archive import archive, conversation
from streamcheck import Recording, record

PROTOCOLS_OF_REPLIES = """
    () => {
        const brings = [
            /\\/api\\/chat$/,
            /\\/api\\/generations\\/[^/]+\\/events$/,
            /\\/api\\/conversations\\/[^/]+(\\/messages\\/[^/]+\\/replies)?$/,
        ];
        const replies = performance
            .getEntriesByType("resource")
            .filter(({ name }) => brings.some((path) => path.test(new URL(name).pathname)))
            // Nothing was heard where a request was taken back.
            .filter((entry) => entry.nextHopProtocol !== "" || entry.deliveryType === "cache");
        // What the browser had kept itself, and the server called current, names no protocol.
        const protocols = replies.map((entry) => entry.nextHopProtocol).filter((name) => name !== "");
        return replies.length > 0 && protocols;
    }
"""
"""How every reply has come to the page: as it was asked for, followed, or read with its conversation."""

STARTS_REPLY = re.compile(r".*/api/(chat|conversations/[^/]+/messages/[^/]+/replies)")
"""Paths of the requests that begin a reply."""


ENVELOPE = Struct(">BI")
"""What stands before a message of Connect: flags and its length."""


class ChatPage:
    """The chat, open in a browser; `server` is its server's address, where that of the page does not tell."""

    def __init__(self, page: Page, server: str | None = None) -> None:
        self.page = page
        self._given_server = server
        self.box = page.get_by_test_id("composer-input")
        self.send = page.get_by_test_id("send")
        self.stop = page.get_by_test_id("stop")
        self.models = page.get_by_test_id("model-select")
        self.questions = page.get_by_test_id("message-user")
        self.replies = page.get_by_test_id("message-assistant")
        self.reply = self.replies.last
        self.text = self.reply.get_by_test_id("reply-text")
        self.reasoning = self.reply.get_by_test_id("reasoning-text")
        self.cursor = page.get_by_test_id("typing-cursor")
        self.error = self.reply.get_by_test_id("reply-error")
        self.retry = self.reply.get_by_test_id("retry")
        self.figures = self.reply.get_by_test_id("figures")
        self.reconnecting = page.get_by_test_id("reconnecting")
        self.jump_to_latest = page.get_by_test_id("jump-to-latest")
        self.new_chat = page.get_by_test_id("new-chat")
        self.empty_state = page.get_by_test_id("empty-state")
        self.position = page.get_by_test_id("branch-position")
        self.previous = page.get_by_test_id("branch-previous")
        self.next = page.get_by_test_id("branch-next")
        self.regenerate = self.reply.get_by_test_id("regenerate")
        self.go_on = self.reply.get_by_test_id("continue")
        self.not_found = page.get_by_test_id("not-found")

    def open(self, address: str) -> None:
        """Open the page and wait until it can be used."""
        self.page.goto(address)
        expect(self.models).to_be_enabled()

    def choose(self, model: str) -> None:
        """Choose the model that answers."""
        self.models.select_option(model)

    def amend_requests(self, **members: object) -> None:
        """Add members to the body of every request for a reply, such as `script`, `max_tokens`."""

        def amended(said: str) -> str:
            return json.dumps({**json.loads(said), **members})

        def amend(route: Route) -> None:
            route.continue_(post_data=amended(route.request.post_data or "{}"))

        def amend_frames(socket: WebSocketRoute) -> None:
            server = socket.connect_to_server()
            socket.on_message(lambda said: server.send(amended(str(said)) if _starts(said) else said))

        def amend_envelope(route: Route) -> None:
            message = amended((route.request.post_data_buffer or b"")[ENVELOPE.size :].decode()).encode()
            route.continue_(post_data=ENVELOPE.pack(0, len(message)) + message)

        self.page.route(lambda url: STARTS_REPLY.fullmatch(urlsplit(url).path) is not None, amend)
        self.page.route(re.compile(r"/headwater\.v1\.ChatService/Stream"), amend_envelope)
        self.page.route_web_socket(lambda url: urlsplit(url).path.endswith("/api/ws"), amend_frames)

    def edit(self, question: int, message: str) -> str:
        """Write a question anew, counted from 0; returns the generation's id."""
        self.page.bring_to_front()
        self.questions.nth(question).hover()
        self.questions.nth(question).get_by_test_id("edit").click()
        self.page.get_by_test_id("edit-input").fill(message)
        return self.generation_started_by(self.page.get_by_test_id("edit-save"))

    def import_conversation(self, messages: Sequence[dict[str, Any]]) -> str:
        """Give the server a conversation, whose messages follow each other; returns its id."""
        return self.import_conversations([conversation(messages)])[0]

    def import_conversations(self, conversations: Sequence[dict[str, Any]]) -> list[str]:
        """Give the server conversations as `archive.py` makes them; returns their ids."""
        response = self.page.request.post(
            f"{self._server}/api/conversations/import", data=archive(conversations), timeout=60_000
        )
        assert response.status == 201, response.text()
        return [imported["id"] for imported in response.json()["conversations"]]

    def visit(self, path: str) -> None:
        """Open another address of the same server, such as `/c/<id>`, as if it were typed in."""
        self.page.goto(f"{self._server}{path}")

    def record(self) -> Recording:
        """Begin to record the next reply."""
        return record(
            self.page,
            text="[data-testid=reply-text]",
            cursor="[data-testid=typing-cursor]",
            input="[data-testid=composer-input]",
            send="[data-testid=send]",
        )

    def ask(self, message: str) -> str:
        """Send a message; returns the generation's id once the server has answered the request."""
        self.box.fill(message)
        return self.generation_started_by(self.send)

    def generation_started_by(self, button: Locator) -> str:
        """Click a button that asks for a reply; returns the generation's id."""
        with self.page.expect_response(_starts_reply) as started:
            button.click()
        assert "location" in started.value.headers, f"refused: {started.value.text()}"
        return started.value.headers["location"].rpartition("/")[2]

    def generation_of_reply(self) -> str:
        """The id of the last reply's generation, however it was asked for, once the server has it."""
        self.page.wait_for_url("**/c/*")
        generation: str = self.saved()["messages"][-1]["generation"]
        return generation

    def wait_until_said(self, generation: str, events: int) -> None:
        """Wait until so many events are in a generation's log, whatever the page knows of them."""
        cursor = 0
        while cursor < events:
            path = f"{self._server}/api/generations/{generation}/events?after={cursor}&wait=20"
            response = self.page.request.get(path, headers={"Accept": "application/json"})
            assert response.status == 200, response.text()
            cursor = response.json()["cursor"]

    def expect_status(self, status: str) -> None:
        """Wait until the last reply has this status."""
        expect(self.reply).to_have_attribute("data-status", status)

    def generation(self, name: str) -> dict[str, Any]:
        """A generation as the server knows it."""
        response = self.page.request.get(f"{self._server}/api/generations/{name}")
        assert response.status == 200, response.text()
        generation: dict[str, Any] = response.json()
        return generation

    def saved(self) -> dict[str, Any]:
        """The conversation that is open as the server has it, with its messages."""
        _, is_open, conversation = urlsplit(self.page.url).path.partition("/c/")
        assert is_open, self.page.url
        response = self.page.request.get(f"{self._server}/api/conversations/{conversation}")
        assert response.status == 200, response.text()
        saved: dict[str, Any] = response.json()
        return saved

    def list_conversations(self) -> list[dict[str, Any]]:
        """The conversations that the server has of this browser, the latest first."""
        response = self.page.request.get(f"{self._server}/api/conversations")
        assert response.status == 200, response.text()
        listed: list[dict[str, Any]] = response.json()["conversations"]
        return listed

    def saved_replies(self) -> list[str]:
        """The text of every reply that the server has of the conversation that is open, oldest first."""
        return [each["text"] for each in self.saved()["messages"] if each["role"] == "assistant"]

    def open_gate(self, generation: str) -> None:
        """Let a scripted generation go on from the gate where it waits."""
        response = self.page.request.post(f"{self._server}/api/scripted/gates/{generation}")
        assert response.status == 204, response.text()

    def cancel(self, generation: str) -> None:
        """End a generation that may have ended already."""
        response = self.page.request.post(f"{self._server}/api/generations/{generation}/cancel")
        assert response.status in {200, 202}, response.text()

    def protocols_of_replies(self) -> set[str]:
        """The protocols over which replies came to the browser; waits for one that has come.

        None where the browser still had what it shows, as after a reload of what did not change.
        """
        return set(self.page.wait_for_function(PROTOCOLS_OF_REPLIES).json_value())

    @property
    def _server(self) -> str:
        """The address of the server, with its base path."""
        if self._given_server is not None:
            return self._given_server
        address = urlsplit(self.page.url)
        base_path = re.sub(r"/([cs]/.*)?$", "", address.path)
        return f"{address.scheme}://{address.netloc}{base_path}"


def _starts(frame: str | bytes) -> bool:
    return json.loads(frame)["action"] in {"chat", "reply"}


def _starts_reply(response: Response) -> bool:
    return (
        response.request.method == "POST" and STARTS_REPLY.fullmatch(urlsplit(response.url).path) is not None
    )
