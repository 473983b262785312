"""Take the pictures of the README into `docs/images/`: `.venv/bin/python e2e/screenshots.py`.

They show a reply in the middle, which waits at a gate, and conversations whose ages are always the same, so
that they come out the same every time.
"""

import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, expect, sync_playwright

from archive import conversation, question, reply
from chat_page import ChatPage
from chromium import launch
from headwater_server import HeadwaterServer, headwater_server

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
QUESTION = "Why does streaming matter? Compare the transports."
GATE = 204
"""Tokens of the scripted reply that are on the picture: its list, its table, its code, a formula."""

KEPT = {
    "A walk around the lake": 0,
    "Merge overlapping intervals": 0,
    "Why ice floats": 1,
    "Letters to a landlord": 1,
    "Three springs of the Danube": 3,
    "Bread without kneading": 5,
    "Names for a small boat": 12,
    "Reading list for the winter": 20,
}
"""The conversations that were there before: their titles, and their ages in days."""

PINNED = "A walk around the lake"
LAST_WORDS = "the time to the first"


@dataclass(frozen=True)
class Picture:
    """A picture, in pixels of CSS; it is taken at twice the resolution."""

    name: str
    width: int
    height: int
    scheme: Literal["light", "dark"]

    @property
    def is_wide(self) -> bool:
        """There is room for the side bar."""
        return self.width >= 768


PICTURES = (
    Picture("chat-light", 1280, 800, "light"),
    Picture("chat-dark", 1280, 800, "dark"),
    Picture("chat-narrow-light", 390, 780, "light"),
    Picture("chat-narrow-dark", 390, 780, "dark"),
)


def kept() -> list[dict[str, Any]]:
    """The conversations of the side bar, as an export has them."""
    today = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    return [
        conversation(
            [question(title), reply("…")],
            title=title,
            at=today - timedelta(days=age, minutes=-place),
            pinned=title == PINNED,
        )
        for place, (title, age) in enumerate(KEPT.items())
    ]


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
    chat.import_conversations(kept())
    expect(chat.page.get_by_test_id("conversation-item")).to_have_count(len(KEPT) if picture.is_wide else 0)
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
