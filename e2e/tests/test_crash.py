"""A server that is killed in mid-reply costs nothing that was saved, and nobody has to clean up."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from chat_page import ChatPage
from complaints import Complaints
from conftest import Protocol
from headwater_server import headwater_server
from side_bar import SideBar

WORDS = [f"word{number}" for number in range(60)]
MESSAGE = " ".join(WORDS)


@pytest.mark.parametrize("protocol", ["http2"], indirect=True)
def test_a_reply_that_a_crash_cut_short_is_completed(
    complaints: Complaints, protocol: Protocol, tmp_path: Path
) -> None:
    complaints.expect("net::ERR_")
    chat = ChatPage(complaints.context.new_page())
    bar = SideBar(chat.page)
    with headwater_server(tmp_path) as server:
        chat.open(getattr(server, protocol.name))
        # Slow enough to be saved in pieces before the crash, which comes in the middle.
        chat.amend_requests(script={"tokens_per_second": 15})
        chat.ask(MESSAGE)
        expect(chat.text).to_contain_text(WORDS[30])
        server.kill()
    expect(chat.reconnecting).to_be_visible()
    expect(chat.text).to_contain_text(WORDS[30])
    with headwater_server(tmp_path, ports=server.ports) as again:
        chat.expect_status("interrupted")
        expect(chat.error).to_contain_text("interrupted")
        expect(chat.reconnecting).to_have_count(0)
        expect(chat.cursor).to_have_count(0)
        expect(chat.box).to_be_enabled()
        expect(bar.items).to_have_attribute("data-running", "false")
        (saved,) = chat.saved_replies()
        assert MESSAGE.startswith(saved)
        assert saved != ""

        chat.page.unroute_all()
        chat.generation_started_by(chat.go_on)
        chat.expect_status("completed")
        expect(chat.text).to_have_text(MESSAGE)
        expect(chat.replies).to_have_count(1)
        expect(chat.error).to_have_count(0)
        chat.page.reload()
        expect(chat.text).to_have_text(MESSAGE)
        assert "".join(chat.saved_replies()) == MESSAGE
        chat.ask("and now")
        chat.expect_status("completed")
        expect(chat.text).to_have_text("and now")
        assert again.errors() == []
        chat.page.goto("about:blank")
