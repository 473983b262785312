"""These tests can fail: behind a proxy that buffers, the real page does not pass them."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from buffering_proxy import buffering_proxy
from playwright.sync_api import Page

from chat_page import ChatPage
from streamcheck import assert_first_growth_within, assert_grew_in_steps

WORDS = 100
MESSAGE = " ".join(f"word{number}" for number in range(WORDS))
REPLY_MS = 2000.0
"""How long so many words take at the scripted model's pace."""

pytestmark = pytest.mark.parametrize("protocol", ["http1"], indirect=True)


@pytest.fixture
def buffered(page: Page, address: str) -> Iterator[ChatPage]:
    """The real page of the real server, through the proxy."""
    port = urlsplit(address).port
    assert port is not None
    with buffering_proxy(port) as proxied:
        chat = ChatPage(page)
        chat.open(proxied)
        yield chat
        page.goto("about:blank")


def test_a_buffered_reply_is_whole_and_still_fails(buffered: ChatPage) -> None:
    recording = buffered.record()
    generation = buffered.ask(MESSAGE)
    timeline = recording.wait_until_finished()
    assert timeline.text == buffered.generation(generation)["text"] == MESSAGE
    with pytest.raises(AssertionError, match="the text grew in 1 step;"):
        assert_grew_in_steps(timeline, at_least=30)
    with pytest.raises(AssertionError, match="the first text came"):
        assert_first_growth_within(timeline, ms=REPLY_MS / 2)
