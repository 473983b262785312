"""The real server, the real browser, and a page that must not complain."""
# ruff: noqa: S101

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from chat_page import ChatPage
from chromium import launch
from complaints import Complaints
from headwater_server import HeadwaterServer, headwater_server

RESULTS = Path(__file__).with_name("results")
WIDE: ViewportSize = {"width": 1280, "height": 800}
PATIENCE_MS = 20_000
"""How long anything may take to show that is not itself measured."""

expect.set_options(timeout=PATIENCE_MS)
_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the fixtures know whether the test failed."""
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One real browser for all tests."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@contextmanager
def _profile(browser: Browser, request: pytest.FixtureRequest, label: str) -> Iterator[BrowserContext]:
    """A person's own browser: fresh cookies. When the test fails, its trace is left in `results/`."""
    context = browser.new_context(ignore_https_errors=True, viewport=WIDE)
    context.set_default_timeout(PATIENCE_MS)
    context.tracing.start()
    yield context
    if request.node.stash.get(_FAILED, False):
        name = re.sub(r"\W+", "-", request.node.name).strip("-") + label
        for number, page in enumerate(context.pages):
            page.screenshot(path=RESULTS / f"{name}-{number}.png")
        context.tracing.stop(path=RESULTS / f"{name}.zip")
    else:
        context.tracing.stop()
    context.close()


@pytest.fixture
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """The browser of the person that a test is about."""
    with _profile(browser, request, "") as context:
        yield context


@pytest.fixture
def complaints(context: BrowserContext) -> Iterator[Complaints]:
    """What the browser holds against a page. Anything that was not expected fails the test."""
    complaints = Complaints(context)
    yield complaints
    complaints.check()


@pytest.fixture
def page(complaints: Complaints) -> Page:
    """An empty page whose errors fail the test."""
    return complaints.context.new_page()


@dataclass(frozen=True)
class Protocol:
    """How the browser reaches the server; `next_hop` is the browser's own word for it."""

    name: Literal["http1", "http2"]
    next_hop: str


PROTOCOLS = {"http1": Protocol("http1", "http/1.1"), "http2": Protocol("http2", "h2")}


@pytest.fixture(params=[*PROTOCOLS])
def protocol(request: pytest.FixtureRequest) -> Protocol:
    """Each of the two; a test that has nothing to do with them names one of them."""
    return PROTOCOLS[request.param]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeadwaterServer]:
    """One real server, with scripted models, for all tests."""
    with headwater_server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def address(server: HeadwaterServer, protocol: Protocol) -> Iterator[str]:
    """Where the page is. The test fails when the server logs an error meanwhile."""
    server.check_that_it_runs()
    logged = len(server.log.read_text("utf-8"))
    yield getattr(server, protocol.name)
    server.check_that_it_runs()
    errors = server.errors(since=logged)
    assert not errors, "the server logged:\n" + "\n".join(errors)


@pytest.fixture
def chat(page: Page, address: str, protocol: Protocol, request: pytest.FixtureRequest) -> Iterator[ChatPage]:
    """The page, open. Every reply has to have come over the protocol that the test is about."""
    chat = ChatPage(page)
    chat.open(address)
    yield chat
    failed = request.node.stash.get(_FAILED, False)
    if not failed and chat.replies.count() > 0:
        assert chat.protocols_of_replies() <= {protocol.next_hop}


@dataclass(frozen=True)
class SomebodyElse:
    """Another person with a browser of their own, who has nothing to do with the first."""

    chat: ChatPage
    complaints: Complaints


@pytest.fixture
def somebody_else(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[SomebodyElse]:
    """Another profile, with the page open. Its browser must not complain either."""
    with _profile(browser, request, "-else") as context:
        complaints = Complaints(context)
        chat = ChatPage(context.new_page())
        chat.open(address)
        yield SomebodyElse(chat, complaints)
        complaints.check()


@pytest.fixture
def another_tab(context: BrowserContext, chat: ChatPage) -> Callable[[], ChatPage]:
    """Opens what the page shows in another tab of the same browser."""

    def open_tab() -> ChatPage:
        tab = ChatPage(context.new_page())
        tab.open(chat.page.url)
        return tab

    return open_tab
