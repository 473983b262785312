"""What one tab of a browser does, the other shows without a reload."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from chat_page import ChatPage
from complaints import Complaints
from conftest import SomebodyElse
from headwater_server import HeadwaterServer
from proxies import nginx_without_websockets
from side_bar import SideBar
from streamcheck import assert_grew_in_steps, assert_never_shrank

WORDS = [f"word{number}" for number in range(60)]
MESSAGE = " ".join(WORDS)

over_one_protocol = pytest.mark.parametrize("protocol", ["http2"], indirect=True)

OpenTab = Callable[[], ChatPage]


def gate(after: int, pace: int = 60) -> dict[str, object]:
    return {"faults": [{"after": after, "kind": "gate"}], "tokens_per_second": pace}


@over_one_protocol
def test_a_reply_grows_in_the_tab_that_did_not_ask_for_it(chat: ChatPage, another_tab: OpenTab) -> None:
    chat.ask("first")
    chat.expect_status("completed")
    other = another_tab()
    expect(other.text).to_have_text("first")
    chat.amend_requests(script=gate(5))
    recording = other.record()
    generation = chat.ask(MESSAGE)
    expect(other.text).to_have_text(" ".join(WORDS[:5]))
    expect(other.box).to_be_disabled()
    expect(other.stop).to_be_visible()
    other.open_gate(generation)
    timeline = recording.wait_until_finished()
    assert timeline.text == MESSAGE
    assert_grew_in_steps(timeline, at_least=4, largest_share=0.7)
    assert_never_shrank(timeline)
    growing = [sample for sample in timeline.samples if 0 < len(sample.text) < len(MESSAGE)]
    assert {sample.input for sample in growing} == {"disabled"}
    for tab in (chat, other):
        tab.expect_status("completed")
        expect(tab.text).to_have_text(MESSAGE)
        assert tab.saved_replies() == ["first", MESSAGE]


@over_one_protocol
def test_stop_in_one_tab_stops_the_reply_in_the_other(chat: ChatPage, another_tab: OpenTab) -> None:
    chat.amend_requests(script=gate(12))
    chat.ask(MESSAGE)
    expect(chat.text).to_have_text(" ".join(WORDS[:12]))
    other = another_tab()
    expect(other.text).to_have_text(" ".join(WORDS[:12]))
    other.stop.click()
    for tab in (chat, other):
        tab.expect_status("cancelled")
        expect(tab.text).to_have_text(" ".join(WORDS[:12]))
        expect(tab.box).to_be_enabled()
        expect(tab.go_on).to_be_visible()


@pytest.mark.parametrize("protocol", ["http1"], indirect=True)
def test_eight_tabs_with_running_replies_leave_room_to_ask_to_stop_and_to_open_another(
    chat: ChatPage, another_tab: OpenTab
) -> None:
    """Over HTTP/1.1 a browser has six connections to a server, for all of its tabs."""
    ask_and_stop_with_seven_replies_running([chat, *(another_tab() for _ in range(7))], another_tab)


@pytest.mark.parametrize("protocol", ["http1"], indirect=True)
def test_so_do_they_where_websockets_are_kept_out(
    chat: ChatPage, another_tab: OpenTab, server: HeadwaterServer, tmp_path: Path, complaints: Complaints
) -> None:
    complaints.expect("WebSocket connection to")
    with nginx_without_websockets(server, tmp_path) as address:
        chat.open(address)
        tabs = [chat, *(another_tab() for _ in range(7))]
        ask_and_stop_with_seven_replies_running(tabs, another_tab)
        # No page may ask a proxy that is gone.
        for page in chat.page.context.pages:
            page.goto("about:blank")


def ask_and_stop_with_seven_replies_running(tabs: list[ChatPage], another_tab: OpenTab) -> None:
    for tab in tabs:
        # This is about connections: cursors that blink in seven tabs keep a slow machine busy.
        tab.page.emulate_media(reduced_motion="reduce")
    for tab in tabs[:7]:
        tab.amend_requests(script=gate(12))
        tab.box.fill(MESSAGE)
        tab.send.click()
    for tab in tabs[:7]:
        expect(tab.text).to_have_text(" ".join(WORDS[:12]))
    for tab in (tabs[0], tabs[6]):
        tab.stop.click()
        tab.expect_status("cancelled")
    tabs[-1].box.fill("first")
    tabs[-1].send.click()
    expect(tabs[-1].text).to_have_text("first")
    last = another_tab()
    expect(last.text).to_have_text(" ".join(WORDS[:12]))
    # None of them may count among the replies that the next test may have.
    for tab in tabs[1:6]:
        tab.cancel(tab.generation_of_reply())


@over_one_protocol
def test_what_is_done_in_one_side_bar_is_seen_in_the_other(
    chat: ChatPage, another_tab: OpenTab, complaints: Complaints
) -> None:
    # The other tab asks for the conversation that was deleted, and learns that it is gone.
    complaints.expect("status of 404")
    other = another_tab()
    mine, theirs = SideBar(chat.page), SideBar(other.page)
    expect(theirs.items).to_have_count(0)
    chat.amend_requests(script=gate(2))
    generation = chat.ask("the beginning of rivers")
    expect(theirs.items).to_have_count(1)
    expect(theirs.items).to_have_attribute("data-running", "true")
    chat.open_gate(generation)
    for bar in (mine, theirs):
        expect(bar.items).to_have_attribute("data-running", "false")

    title = theirs.items.get_by_role("link").inner_text()
    theirs.open(title)
    other.expect_status("completed")
    mine.rename(title, "Of rivers")
    expect(theirs.item("Of rivers")).to_be_visible()
    expect(other.page).to_have_title("Of rivers · Headwater")
    theirs.choose("Of rivers", "pin")
    expect(mine.item("Of rivers")).to_have_attribute("data-pinned", "true")
    expect(mine.headings).to_have_text(["Pinned"])

    chat.page.unroute_all()
    other.generation_started_by(other.regenerate)
    for tab in (chat, other):
        expect(tab.position).to_have_text("2 of 2")
        tab.expect_status("completed")
    other.previous.click()
    expect(chat.position).to_have_text("1 of 2")
    chat.edit(0, "the end of rivers")
    for tab in (chat, other):
        expect(tab.questions).to_contain_text("the end of rivers")
        expect(tab.text).to_have_text("the end of rivers")
        tab.expect_status("completed")
    other.previous.click()
    for tab in (chat, other):
        expect(tab.questions).to_contain_text("the beginning of rivers")
        expect(tab.text).to_have_text("the beginning of rivers")

    mine.choose("Of rivers", "delete")
    expect(chat.empty_state).to_be_visible()
    expect(theirs.items).to_have_count(0)
    chat.page.get_by_test_id("undo").click()
    expect(theirs.item("Of rivers")).to_be_visible()
    expect(chat.text).to_have_text("the beginning of rivers")


@over_one_protocol
def test_changes_are_seen_as_soon_as_what_reads_them_can_be_had(
    chat: ChatPage, context: BrowserContext, another_tab: OpenTab, complaints: Complaints
) -> None:
    complaints.expect("ERR_CONNECTION_REFUSED")
    context.route("**/assets/change-listener-*.js", lambda route: route.abort("connectionrefused"))
    with context.expect_event("requestfailed"):
        theirs = SideBar(another_tab().page)
    chat.ask("rivers")
    chat.expect_status("completed")
    expect(theirs.items).to_have_count(0)
    expect(theirs.toast).to_contain_text("could not be loaded")
    expect(theirs.toast.get_by_role("button", name="Reload")).to_be_visible()
    context.unroute("**/assets/change-listener-*.js")
    expect(theirs.item("rivers")).to_be_visible()
    expect(theirs.toast).to_have_count(0)
    SideBar(chat.page).rename("rivers", "Of rivers")
    expect(theirs.item("Of rivers")).to_be_visible()


@over_one_protocol
def test_somebody_else_sees_nothing_and_is_told_so_kindly(
    chat: ChatPage, somebody_else: SomebodyElse
) -> None:
    chat.ask("a secret")
    chat.expect_status("completed")
    place = chat.page.url
    stranger = somebody_else.chat
    somebody_else.complaints.expect("status of 404")
    expect(SideBar(chat.page).items).to_have_count(1)
    stranger.page.goto(place)
    expect(stranger.not_found).to_contain_text("This conversation is not here")
    expect(SideBar(stranger.page).items).to_have_count(0)
    stranger.not_found.get_by_role("button").click()
    expect(stranger.empty_state).to_be_visible()
    stranger.ask("my own")
    stranger.expect_status("completed")
    expect(SideBar(stranger.page).items).to_have_count(1)
    chat.page.reload()
    expect(chat.text).to_have_text("a secret")
    expect(SideBar(chat.page).items).to_have_count(1)
