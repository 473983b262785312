"""Draw the icons of the installed page into `frontend/public/`: `.venv/bin/python e2e/icons.py`.

They are the sign of `favicon.svg`, in white on the accent. A maskable icon reaches to the edges, of which a
system cuts off what it likes; the others have round corners of their own.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import sync_playwright

from chromium import launch

PUBLIC = Path(__file__).resolve().parent.parent / "frontend" / "public"


@dataclass(frozen=True)
class Icon:
    """A square picture: its size in pixels, and in percent of that the radius of its corners and its sign."""

    name: str
    size: int
    corner: float
    sign: float


ICONS = (
    Icon("icon-192", 192, corner=22, sign=66),
    Icon("icon-512", 512, corner=22, sign=66),
    Icon("icon-maskable", 512, corner=0, sign=54),
    Icon("apple-touch-icon", 180, corner=0, sign=62),
)


def drawing(icon: Icon, sign: str) -> str:
    """The icon as a page of its size."""
    return f"""
        <style>
            body {{ margin: 0; }}
            main {{
                display: grid; place-items: center; height: {icon.size}px; border-radius: {icon.corner}%;
                background: #0f6e66;
            }}
            svg {{ width: {icon.sign}%; stroke: #fff; }}
        </style>
        <main>{sign}</main>
    """


def main() -> int:
    """Draw all icons."""
    sign = (PUBLIC / "favicon.svg").read_text("utf-8")
    sign = re.sub("<(style|title)>.*?</\\1>", "", sign)
    with sync_playwright() as playwright, launch(playwright) as browser:
        page = browser.new_page()
        for icon in ICONS:
            page.set_viewport_size({"width": icon.size, "height": icon.size})
            page.set_content(drawing(icon, sign))
            page.screenshot(path=PUBLIC / f"{icon.name}.png", omit_background=True)
            sys.stdout.write(f"{icon.name}.png\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
