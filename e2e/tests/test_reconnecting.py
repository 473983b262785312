"""A connection that breaks in mid-reply costs no word and doubles none."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from cutting_proxy import CuttingProxy, cutting_proxy
from playwright.sync_api import APIRequestContext, BrowserContext, Page, expect

from chat_page import ChatPage
from complaints import Complaints
from conftest import Protocol
from streamcheck import (
    assert_cursor_until_end,
    assert_grew_in_steps,
    assert_input_disabled_until_end,
    assert_never_shrank,
)

WORDS = [f"word{number}" for number in range(150)]
MESSAGE = " ".join(WORDS)
BROKEN = r"net::ERR_"


@pytest.fixture
def proxy(address: str) -> Iterator[CuttingProxy]:
    port = urlsplit(address).port
    assert port is not None
    with cutting_proxy(port) as proxy:
        yield proxy


over_http1, over_http2 = (
    pytest.mark.parametrize("protocol", [name], indirect=True) for name in ("http1", "http2")
)
"""Every way to come back is seen once, half of them over each protocol. test_event_source.py cuts both, and
`test_cut_anywhere_and_resumed_a_reader_sees_every_event_once` of the back end cuts everywhere."""


@pytest.fixture
def chat(page: Page, proxy: CuttingProxy, address: str, protocol: Protocol) -> Iterator[ChatPage]:
    """The page, reached through the proxy. It leaves before the proxy does: it always listens for changes."""
    chat = ChatPage(page)
    chat.open(f"{urlsplit(address).scheme}://127.0.0.1:{proxy.port}")
    yield chat
    assert chat.protocols_of_replies() == {protocol.next_hop}
    chat.page.goto("about:blank")


@over_http1
def test_an_outage_in_mid_reply_is_told_and_survived(
    chat: ChatPage, proxy: CuttingProxy, complaints: Complaints
) -> None:
    complaints.expect(BROKEN)
    chat.amend_requests(script={"faults": [{"after": 20, "kind": "gate"}], "tokens_per_second": 120})
    recording = chat.record()
    generation = chat.ask(MESSAGE)
    expect(chat.text).to_have_text(" ".join(WORDS[:20]))
    proxy.go_down()
    expect(chat.reconnecting).to_be_visible()
    expect(chat.text).to_have_text(" ".join(WORDS[:20]))
    expect(chat.cursor).to_be_visible()
    expect(chat.box).to_be_disabled()
    proxy.come_back()
    expect(chat.reconnecting).to_have_count(0)
    chat.expect_status("streaming")
    chat.open_gate(generation)
    timeline = recording.wait_until_finished()
    assert timeline.text == chat.generation(generation)["text"] == MESSAGE
    assert_grew_in_steps(timeline, at_least=3, largest_share=0.8)
    assert_never_shrank(timeline)
    assert_cursor_until_end(timeline)
    assert_input_disabled_until_end(timeline)


@over_http2
def test_cuts_in_full_flow_lose_and_double_nothing(
    chat: ChatPage, proxy: CuttingProxy, complaints: Complaints
) -> None:
    complaints.expect(BROKEN)
    recording = chat.record()
    generation = chat.ask(MESSAGE)
    for share in (0.05, 0.3, 0.6):
        recording.wait_until_longer_than(int(share * len(MESSAGE)))
        proxy.cut()
    timeline = recording.wait_until_finished()
    assert timeline.text == chat.generation(generation)["text"] == MESSAGE
    assert_never_shrank(timeline)
    assert_grew_in_steps(timeline, at_least=4, largest_share=0.7)
    assert_cursor_until_end(timeline)


@over_http1
def test_the_end_is_found_though_it_came_during_the_outage(
    chat: ChatPage, proxy: CuttingProxy, complaints: Complaints, address: str
) -> None:
    complaints.expect(BROKEN)
    chat.amend_requests(script={"faults": [{"after": 20, "kind": "gate"}], "tokens_per_second": 500})
    recording = chat.record()
    generation = chat.ask(MESSAGE)
    expect(chat.text).to_have_text(" ".join(WORDS[:20]))
    proxy.go_down()
    expect(chat.reconnecting).to_be_visible()
    direct = chat.page.request
    assert direct.post(f"{address}/api/scripted/gates/{generation}").status == 204
    finish(direct, f"{address}/api/generations/{generation}/events")
    proxy.come_back()
    timeline = recording.wait_until_finished()
    chat.expect_status("completed")
    assert timeline.text == MESSAGE
    assert_never_shrank(timeline)


def finish(client: APIRequestContext, events: str) -> None:
    """Wait until a generation has its outcome, without the page."""
    cursor = 0
    outcome = None
    while outcome is None:
        asked = client.get(f"{events}?after={cursor}&wait=20", headers={"Accept": "application/json"})
        cursor, outcome = (asked.json()[member] for member in ("cursor", "outcome"))


@over_http2
def test_a_browser_that_goes_offline_comes_back(
    chat: ChatPage, context: BrowserContext, complaints: Complaints
) -> None:
    # What the side bar was just reading, if it was.
    complaints.tolerate("net::ERR_INTERNET_DISCONNECTED")
    chat.amend_requests(script={"faults": [{"after": 20, "kind": "gate"}], "tokens_per_second": 120})
    recording = chat.record()
    generation = chat.ask(MESSAGE)
    expect(chat.text).to_have_text(" ".join(WORDS[:20]))
    context.set_offline(True)
    expect(chat.reconnecting).to_be_visible()
    context.set_offline(False)
    expect(chat.reconnecting).to_have_count(0)
    chat.open_gate(generation)
    timeline = recording.wait_until_finished()
    assert timeline.text == chat.generation(generation)["text"] == MESSAGE
    assert_never_shrank(timeline)
