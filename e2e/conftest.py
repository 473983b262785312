"""The browser, and a page that must not complain."""

import re
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from chromium import launch
from complaints import Complaints

RESULTS = Path(__file__).with_name("results")
WIDE: ViewportSize = {"width": 1280, "height": 800}
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


@pytest.fixture
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A person's own browser: fresh cookies. When the test fails, its trace is left in `results/`."""
    context = browser.new_context(ignore_https_errors=True, viewport=WIDE)
    context.set_default_timeout(15_000)
    context.tracing.start(snapshots=True)
    yield context
    if request.node.stash.get(_FAILED, False):
        name = re.sub(r"\W+", "-", request.node.name).strip("-")
        for number, page in enumerate(context.pages):
            page.screenshot(path=RESULTS / f"{name}-{number}.png")
        context.tracing.stop(path=RESULTS / f"{name}.zip")
    else:
        context.tracing.stop()
    context.close()


@pytest.fixture
def complaints(context: BrowserContext) -> Iterator[Complaints]:
    """What the browser holds against the page. Anything that was not expected fails the test."""
    complaints = Complaints(context)
    yield complaints
    complaints.check()


@pytest.fixture
def page(complaints: Complaints) -> Page:
    """An empty page whose errors fail the test."""
    return complaints.context.new_page()
