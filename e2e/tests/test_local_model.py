"""A real model, on this machine, in a real browser: nothing is scripted here."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from chat_page import ChatPage
from headwater_server import HeadwaterServer, headwater_server
from streamcheck import (
    assert_cursor_until_end,
    assert_grew_in_steps,
    assert_input_disabled_until_end,
    assert_never_shrank,
)

pytestmark = pytest.mark.parametrize("protocol", ["http2"], indirect=True)


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeadwaterServer]:
    """A server with the bundled model."""
    with headwater_server(tmp_path_factory.mktemp("local"), HEADWATER_LOCAL_MODEL="") as server:
        yield server


def test_a_real_model_streams(chat: ChatPage) -> None:
    expect(chat.models).to_have_value("local/smollm2-135m")
    chat.amend_requests(max_tokens=80, temperature=0)
    recording = chat.record()
    generation = chat.ask("Tell me in a few sentences how a river begins.")
    timeline = recording.wait_until_finished(timeout=120_000)
    logged = chat.generation(generation)
    assert logged["model"] == "local/smollm2-135m"
    assert logged["outcome"]["status"] == "completed"
    assert " ".join(timeline.text.split()[:5]) == " ".join(logged["text"].split()[:5])
    assert_grew_in_steps(timeline, at_least=8, largest_share=0.5)
    assert_never_shrank(timeline, rewritten=40)
    assert_cursor_until_end(timeline)
    assert_input_disabled_until_end(timeline)
