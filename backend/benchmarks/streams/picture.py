"""The figures as a picture: bars in SVG, readable on a light and on a dark page."""

from html import escape
from typing import Any

from benchmarks.streams.table import OURS, at

WIDTH, LABEL, VALUE = 860, 330, 70
BAR, GAP, TITLE = 20, 8, 44
STYLE = """
text { font: 14px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 }
.ours { fill: #0969da } .other { fill: #8c959f }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .ours { fill: #4493f8 } .other { fill: #6e7681 }
}
"""

PANELS = (
    ("Streams held by one core with 99% of tokens at most 100 ms old (more is better)", ("held", "streams")),
    ("Processor time a token at 200 streams, µs (less is better)", ("steady", "200", "us_per_token")),
)


def draw(results: dict[str, Any]) -> str:
    """A panel of bars for each of the two main figures."""
    pieces: list[str] = []
    top = 0
    for title, path in PANELS:
        values = {name: at(row, *path) for name, row in results["rows"].items() if at(row, *path) is not None}
        ours = {name for name, row in results["rows"].items() if row["server"] == OURS}
        if values:
            panel, height = _panel(title, values, ours, top)
            pieces += panel
            top += height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img"'
        f' aria-label="Streams held and processor time a token, by server">\n<style>{STYLE}</style>\n'
        + "\n".join(pieces)
        + "\n</svg>\n"
    )


def _panel(title: str, values: dict[str, float], ours: set[str], top: int) -> tuple[list[str], int]:
    """The panel's elements, and its height."""
    most = max(values.values()) or 1
    room = WIDTH - LABEL - VALUE
    pieces = [f'<text class="title" x="0" y="{top + 24}">{escape(title)}</text>']
    for number, (name, value) in enumerate(values.items()):
        y = top + TITLE + number * (BAR + GAP)
        length = max(1.0, value / most * room)
        kind = "ours" if name in ours else "other"
        pieces += [
            f'<text x="{LABEL - 10}" y="{y + 15}" text-anchor="end">{escape(name.replace("`", ""))}</text>',
            f'<rect class="{kind}" x="{LABEL}" y="{y}" width="{length:.0f}" height="{BAR}" rx="3"/>',
            f'<text x="{LABEL + length + 8:.0f}" y="{y + 15}">{value:.0f}</text>',
        ]
    return pieces, TITLE + len(values) * (BAR + GAP) + 16
