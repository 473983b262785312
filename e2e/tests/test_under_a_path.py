"""The whole chat below a path of a host that has other things as well, behind nginx and Caddy."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from cutting_proxy import cutting_proxy
from playwright.sync_api import BrowserContext, expect

from chat_page import ChatPage
from complaints import Complaints
from conftest import PROTOCOLS, Protocol, SomebodyElse
from headwater_server import HeadwaterServer, headwater_server
from proxies import caddy, nginx
from side_bar import SideBar
from streamcheck import assert_never_shrank

BASE = "/chat"
WORDS = [f"word{number}" for number in range(60)]
MESSAGE = " ".join(WORDS)
PROXIES = {"nginx": nginx, "caddy": caddy}
GATES = {"faults": [{"after": after, "kind": "gate"} for after in (12, 36)], "tokens_per_second": 120}

OpenTab = Callable[[], ChatPage]


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeadwaterServer]:
    """The server behind the proxies."""
    with headwater_server(
        tmp_path_factory.mktemp("upstream"), HEADWATER_BASE_PATH=BASE, HEADWATER_TRUSTED_PROXIES="1"
    ) as server:
        yield server
        assert not server.errors()


@pytest.fixture(scope="module", params=[f"{proxy}-{protocol}" for proxy in PROXIES for protocol in PROTOCOLS])
def front(
    request: pytest.FixtureRequest, upstream: HeadwaterServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Protocol]]:
    """The address of each proxy, and what it speaks to browsers."""
    proxy, _, protocol = request.param.partition("-")
    folder = tmp_path_factory.mktemp(request.param)
    with PROXIES[proxy](upstream, folder, is_secure=protocol == "http2") as address:
        yield address, PROTOCOLS[protocol]


@pytest.fixture
def protocol(front: tuple[str, Protocol]) -> Protocol:
    return front[1]


@pytest.fixture
def address(front: tuple[str, Protocol], context: BrowserContext) -> Iterator[str]:
    """Where the page is. It may ask for nothing beside it."""
    asked: list[str] = []
    context.on("request", lambda request: asked.append(urlsplit(request.url).path))
    context.on(
        "page",
        lambda page: page.on("websocket", lambda socket: asked.append(urlsplit(socket.url).path)),
    )
    yield front[0]
    beside = {path for path in asked if not path.startswith(f"{BASE}/")}
    assert asked
    assert beside <= {BASE, "blank"}


def words(count: int) -> str:
    return " ".join(WORDS[:count])


def go_on(chat: ChatPage, generation: str) -> None:
    """Let a reply go on from its first gate to its end, all of which is seen on its way."""
    chat.open_gate(generation)
    expect(chat.text).to_have_text(words(36))
    chat.open_gate(generation)


def test_a_reply_streams_lasts_and_is_seen_by_another_tab(chat: ChatPage, another_tab: OpenTab) -> None:
    other = another_tab()
    chat.amend_requests(script=GATES)
    recording = chat.record()
    generation = chat.ask(MESSAGE)
    expect(chat.text).to_have_text(words(12))
    # The feed of changes tells it.
    SideBar(other.page).items.first.get_by_role("link").click()
    expect(other.text).to_have_text(words(12))
    go_on(chat, generation)
    timeline = recording.wait_until_finished()
    assert timeline.text == MESSAGE
    assert_never_shrank(timeline)
    expect(other.text).to_have_text(MESSAGE)
    assert urlsplit(chat.page.url).path.startswith(f"{BASE}/c/")
    chat.page.reload()
    expect(chat.text).to_have_text(MESSAGE)
    assert chat.saved_replies() == [MESSAGE]
    chat.new_chat.first.click()
    expect(chat.empty_state).to_be_visible()
    assert urlsplit(chat.page.url).path == f"{BASE}/"
    chat.page.go_back()
    expect(chat.text).to_have_text(MESSAGE)


def test_a_reply_goes_on_after_a_reload_over_the_websocket_that_was_picked(chat: ChatPage) -> None:
    bar = SideBar(chat.page)
    bar.choose_for_all("menu-preferences")
    chat.page.get_by_test_id("preference-transport").select_option("websocket")
    chat.page.keyboard.press("Escape")
    sent: list[str] = []
    chat.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    chat.amend_requests(script=GATES)
    chat.box.fill(MESSAGE)
    chat.send.click()
    generation = chat.generation_of_reply()
    expect(chat.text).to_have_text(words(12))
    chat.page.reload()
    expect(chat.text).to_have_text(words(12))
    go_on(chat, generation)
    chat.expect_status("completed")
    assert chat.text.inner_text() == MESSAGE
    actions = [frame for frame in sent if '"changes"' not in frame]
    assert ['"chat"' in actions[0], '"follow"' in actions[1], len(actions)] == [True, True, 2]


def test_a_cut_is_survived(chat: ChatPage, address: str, protocol: Protocol, complaints: Complaints) -> None:
    complaints.expect(r"net::ERR_")
    parts = urlsplit(address)
    assert parts.port is not None
    with cutting_proxy(parts.port) as proxy:
        chat.open(f"{parts.scheme}://127.0.0.1:{proxy.port}{BASE}/")
        chat.amend_requests(script=GATES)
        recording = chat.record()
        generation = chat.ask(MESSAGE)
        expect(chat.text).to_have_text(words(12))
        proxy.go_down()
        expect(chat.reconnecting).to_be_visible()
        proxy.come_back()
        expect(chat.reconnecting).to_have_count(0)
        go_on(chat, generation)
        timeline = recording.wait_until_finished()
        assert timeline.text == chat.generation(generation)["text"] == MESSAGE
        assert_never_shrank(timeline)
        assert chat.protocols_of_replies() == {protocol.next_hop}
        chat.page.goto("about:blank")


def test_a_shared_link_opens(chat: ChatPage, somebody_else: SomebodyElse, address: str) -> None:
    bar = SideBar(chat.page)
    chat.ask("how do rivers begin")
    chat.expect_status("completed")
    link = bar.share(bar.items.first)
    assert link.startswith(f"{address}/s/")

    reader = somebody_else.chat
    reader.page.goto(link)
    expect(reader.text).to_have_text("how do rivers begin")
    reader.page.get_by_role("link", name="Start your own chat").click()
    expect(reader.empty_state).to_be_visible()
    assert reader.page.url == f"{address}/"


def test_what_is_exported_and_what_is_drawn_comes_from_there(chat: ChatPage) -> None:
    chat.ask("```mermaid\nflowchart LR\n  spring --> river\n```\n")
    chat.expect_status("completed")
    drawn = chat.text.get_by_role("img")
    expect(drawn).to_be_visible()
    bar = SideBar(chat.page)
    bar.open_menu(bar.items.first)
    with chat.page.expect_download() as downloaded:
        chat.page.get_by_test_id("menu-export-markdown").click()
    assert "spring" in downloaded.value.path().read_text("utf-8")


def test_the_theme_is_there_before_the_page_and_no_other_server_has_it(
    chat: ChatPage, complaints: Complaints
) -> None:
    SideBar(chat.page).choose_for_all("menu-preferences")
    chat.page.get_by_test_id("preference-theme").select_option("dark")
    complaints.expect("ERR_FAILED")
    chat.page.route("**/assets/index-*.js", lambda route: route.abort())
    chat.page.reload()
    expect(chat.page.locator("html")).to_have_attribute("data-theme", "dark")
    assert chat.page.evaluate("localStorage.getItem('headwater:preferences')") is None


def test_it_can_be_installed_and_is_found_without_its_last_slash(chat: ChatPage, address: str) -> None:
    chat.page.goto(address)
    expect(chat.box).to_be_visible()
    assert chat.page.url == f"{address}/"
    links = chat.page.locator("link[rel=manifest], link[rel=icon], link[rel=apple-touch-icon]")
    found = [link.evaluate("link => link.href") for link in links.all()]
    assert len(found) == 3
    manifest_url = next(each for each in found if each.endswith(".webmanifest"))
    manifest = chat.page.request.get(manifest_url).json()
    resolve = "([path, base]) => new URL(path, base).href"
    for member in ("start_url", "scope"):
        assert chat.page.evaluate(resolve, [manifest[member], manifest_url]) == f"{address}/"
    icons = [chat.page.evaluate(resolve, [icon["src"], manifest_url]) for icon in manifest["icons"]]
    for each in [*found, *icons]:
        assert each.startswith(f"{address}/")
        assert chat.page.request.get(each).status == 200


def test_the_proxy_keeps_metrics_inside_and_the_server_names_its_path(
    front: tuple[str, Protocol], upstream: HeadwaterServer
) -> None:
    address, protocol = front
    with httpx.Client(http2=protocol.name == "http2", verify=False) as client:
        assert client.get(f"{address}/healthz").status_code == 200
        assert client.get(f"{address}/metrics").status_code == 404
        cookie = client.get(f"{address}/api/models").headers["set-cookie"]
    assert f"Path={BASE}" in cookie
    assert ("Secure" in cookie) == (protocol.name == "http2")
    assert httpx.get(f"{upstream.http1}/metrics").status_code == 200
    beside = httpx.get(upstream.http1.removesuffix(BASE) + "/")
    assert (beside.status_code, beside.json()["code"]) == (404, "not_found")
    assert f"{BASE}/" in beside.json()["detail"]
