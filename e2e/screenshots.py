"""Take the pictures of the README into `docs/images/`: `.venv/bin/python e2e/screenshots.py`.

They show a reply in the middle, which waits at a gate, so that they come out the same every time.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, expect, sync_playwright

from chat_page import ChatPage
from chromium import launch
from headwater_server import HeadwaterServer, headwater_server

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
QUESTION = "Why does streaming matter? Compare the transports."
GATE = 204
"""Tokens of the scripted reply that are on the picture: its list, its table, its code, a formula."""

LAST_WORDS = "the time to the first"


@dataclass(frozen=True)
class Picture:
    """A picture, in pixels of CSS; it is taken at twice the resolution."""

    name: str
    width: int
    height: int
    scheme: Literal["light", "dark"]


PICTURES = (
    Picture("chat-light", 1280, 800, "light"),
    Picture("chat-dark", 1280, 800, "dark"),
    Picture("chat-narrow-light", 390, 780, "light"),
    Picture("chat-narrow-dark", 390, 780, "dark"),
)


def take(browser: Browser, server: HeadwaterServer, picture: Picture) -> Path:
    """Take one picture; returns where it is."""
    context = browser.new_context(
        ignore_https_errors=True,
        viewport={"width": picture.width, "height": picture.height},
        device_scale_factor=2,
        color_scheme=picture.scheme,
        reduced_motion="reduce",
    )
    chat = ChatPage(context.new_page())
    chat.open(server.http2)
    chat.choose("scripted/markdown")
    chat.amend_requests(script={"tokens_per_second": 60, "faults": [{"after": GATE, "kind": "gate"}]})
    generation = chat.ask(QUESTION)
    expect(chat.text).to_contain_text(LAST_WORDS, timeout=30_000)
    expect(chat.text.locator("math")).to_have_count(2)
    expect(chat.text.locator("pre code span").first).to_be_attached()
    path = IMAGES / f"{picture.name}.png"
    chat.page.screenshot(path=path, animations="disabled")
    chat.open_gate(generation)
    chat.expect_status("completed")
    context.close()
    return path


def main() -> int:
    """Take all pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        headwater_server(Path(folder)) as server,
        sync_playwright() as playwright,
        launch(playwright) as browser,
    ):
        for picture in PICTURES:
            path = take(browser, server, picture)
            sys.stdout.write(f"{path.relative_to(IMAGES.parent.parent)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
