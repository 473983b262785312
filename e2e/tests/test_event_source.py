"""The documented wire, with nothing of our page: a plain `EventSource` shows a reply and then stops."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from cutting_proxy import cutting_proxy
from playwright.sync_api import Page, Request

from complaints import Complaints
from conftest import Protocol
from streamcheck import Recording, assert_grew_in_steps, assert_never_shrank, record

WORDS = [f"word{number}" for number in range(100)]
MESSAGE = " ".join(WORDS)

BARE_PAGE = """<!doctype html>
    <link rel="icon" href="data:,">
    <title>A page of someone else</title>
    <p></p>
    <button>Ask</button>
"""

ASK = """
    (address) => {
        const text = document.querySelector("p");
        window.heard = { starts: [], outcomes: [], ids: [] };
        window.stopped = new Promise((resolve) => {
            document.querySelector("button").onclick = () => {
                const events = new EventSource(address);
                events.onmessage = ({ data, lastEventId }) => {
                    text.append(JSON.parse(data).token);
                    heard.ids.push(lastEventId);
                };
                events.addEventListener("start", ({ data }) => heard.starts.push(JSON.parse(data)));
                events.addEventListener("outcome", ({ data }) => heard.outcomes.push(JSON.parse(data)));
                events.onerror = () => {
                    if (events.readyState === EventSource.CLOSED) resolve(heard);
                };
            };
        });
    }
"""


@dataclass(frozen=True)
class BarePage:
    """A page with a paragraph, a button, and the requests that it sent for replies."""

    page: Page
    requests: list[Request]

    def ask(self, origin: str, message: str) -> Recording:
        """Click the button of a page on the server's origin, which asks with an `EventSource`."""
        self.page.route(
            f"{origin}/bare", lambda route: route.fulfill(body=BARE_PAGE, content_type="text/html")
        )
        self.page.goto(f"{origin}/bare")
        self.page.evaluate(ASK, f"/api/chat?{urlencode({'message': message})}")
        recording = record(self.page, text="p", send="button")
        self.page.get_by_role("button").click()
        return recording

    def heard(self) -> dict[str, Any]:
        """What the `EventSource` heard in all, once it has stopped by itself."""
        heard: dict[str, Any] = self.page.evaluate("stopped")
        return heard

    def statuses(self) -> list[int | None]:
        """How its requests were answered; None for one that was cut."""
        responses = [request.response() for request in self.requests]
        return [None if response is None else response.status for response in responses]


@pytest.fixture
def bare(page: Page) -> BarePage:
    bare = BarePage(page, [])

    def on_request(request: Request) -> None:
        if urlsplit(request.url).path == "/api/chat":
            bare.requests.append(request)

    page.on("request", on_request)
    return bare


def test_tokens_come_one_after_another_and_it_stops_by_itself(
    bare: BarePage, address: str, protocol: Protocol
) -> None:
    recording = bare.ask(address, MESSAGE)
    heard = bare.heard()
    timeline = recording.stop()
    assert_grew_in_steps(timeline, at_least=8, largest_share=0.5)
    assert_never_shrank(timeline)
    assert timeline.text == MESSAGE
    assert [outcome["status"] for outcome in heard["outcomes"]] == ["completed"]
    assert [start["generation"] for start in heard["starts"]] == [heard["ids"][0].split(":")[0]]
    assert bare.statuses() == [200, 204]
    protocols = bare.page.evaluate(
        "performance.getEntriesByType('resource')"
        ".filter(({ name }) => name.includes('/api/chat')).map((entry) => entry.nextHopProtocol)"
    )
    assert set(protocols) == {protocol.next_hop}


def test_it_survives_a_cut_with_no_code_of_its_own(
    bare: BarePage, address: str, complaints: Complaints
) -> None:
    complaints.expect(r"net::ERR_")
    port = urlsplit(address).port
    assert port is not None
    with cutting_proxy(port) as proxy:
        recording = bare.ask(f"{urlsplit(address).scheme}://127.0.0.1:{proxy.port}", MESSAGE)
        recording.wait_until_longer_than(len(MESSAGE) // 4)
        proxy.cut()
        heard = bare.heard()
        timeline = recording.stop()
        bare.page.goto("about:blank")
    assert timeline.text == MESSAGE
    assert_never_shrank(timeline)
    assert [outcome["status"] for outcome in heard["outcomes"]] == ["completed"]
    assert len({start["generation"] for start in heard["starts"]}) == 1
    assert len(heard["starts"]) == 2
    cursors = [int(name.split(":")[1]) for name in heard["ids"]]
    assert cursors == sorted(set(cursors))
    assert cursors[-1] == len(WORDS)
