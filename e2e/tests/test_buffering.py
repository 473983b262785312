"""These tests can fail: behind a proxy that buffers, the real page does not pass them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from chat_page import ChatPage
from complaints import Complaints
from headwater_server import HeadwaterServer
from proxies import buffering_nginx
from side_bar import SideBar
from streamcheck import assert_first_growth_within, assert_grew_in_steps

WORDS = 100
MESSAGE = " ".join(f"word{number}" for number in range(WORDS))
WORDS_A_SECOND = 25
"""So slow that a busy machine's own pauses are short beside the reply."""

COLLECTED = "something between this page and the server collects them"

pytestmark = pytest.mark.parametrize("protocol", ["http1"], indirect=True)


@pytest.fixture
def buffered(
    page: Page, complaints: Complaints, address: str, server: HeadwaterServer, tmp_path: Path
) -> Iterator[ChatPage]:
    """The real page of the real server, through the proxy, which lets no WebSocket through either."""
    complaints.expect("Error during WebSocket handshake")
    with buffering_nginx(server, tmp_path) as proxied:
        chat = ChatPage(page)
        chat.open(proxied)
        yield chat
        page.goto("about:blank")


def test_a_buffered_reply_is_whole_and_still_fails_and_the_page_says_why(buffered: ChatPage) -> None:
    buffered.amend_requests(script={"tokens_per_second": WORDS_A_SECOND})
    recording = buffered.record()
    generation = buffered.ask(MESSAGE)
    timeline = recording.wait_until_finished()
    assert timeline.text == buffered.generation(generation)["text"] == MESSAGE
    with pytest.raises(AssertionError, match=r"the text grew in [12] steps?;"):
        assert_grew_in_steps(timeline, at_least=10)
    with pytest.raises(AssertionError, match="the first text came"):
        assert_first_growth_within(timeline, ms=timeline.duration / 2)
    expect(SideBar(buffered.page).toast).to_contain_text(COLLECTED)


def test_the_side_bar_has_a_conversation_though_the_feed_of_changes_is_held_up(buffered: ChatPage) -> None:
    buffered.ask("a river")
    buffered.expect_status("completed")
    expect(SideBar(buffered.page).item("a river")).to_be_visible()


def test_the_page_does_not_say_so_of_a_reply_that_streams(chat: ChatPage) -> None:
    chat.ask(MESSAGE)
    chat.expect_status("completed")
    expect(chat.figures).to_contain_text("tokens/s")
    expect(SideBar(chat.page).toast).to_have_count(0)
