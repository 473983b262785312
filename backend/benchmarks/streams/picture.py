"""The figures as a picture: bars in SVG, readable on a light and on a dark page."""

from dataclasses import dataclass
from html import escape
from typing import Any

from benchmarks.streams.table import OURS, at

WIDTH, LABEL, VALUE = 860, 360, 70
HEIGHT, GAP, TITLE = 20, 8, 44
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


@dataclass(frozen=True)
class Bar:
    name: str
    value: float
    label: str
    is_ours: bool


def draw(results: dict[str, Any]) -> str:
    """A panel of bars for each of the two main figures."""
    pieces: list[str] = []
    top = 0
    rows = {name: row for name, row in results["rows"].items() if row.get("is_compared")}
    for title, path in PANELS:
        bars = [
            _bar(name, row, value, path)
            for name, row in rows.items()
            if (value := at(row, *path)) is not None
        ]
        if bars:
            panel, height = _panel(title, bars, top)
            pieces += panel
            top += height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img"'
        f' aria-label="Streams held and processor time a token, by server">\n<style>{STYLE}</style>\n'
        + "\n".join(pieces)
        + "\n</svg>\n"
    )


def _bar(name: str, row: dict[str, Any], value: float, path: tuple[str, ...]) -> Bar:
    at_least = "≥ " if path[0] == "held" and at(row, "held", "is_at_least") else ""
    return Bar(name.replace("`", ""), value, f"{at_least}{value:.0f}", row["server"] == OURS)


def _panel(title: str, bars: list[Bar], top: int) -> tuple[list[str], int]:
    """The panel's elements, and its height."""
    most = max(bar.value for bar in bars) or 1
    room = WIDTH - LABEL - VALUE
    pieces = [f'<text class="title" x="0" y="{top + 24}">{escape(title)}</text>']
    for number, bar in enumerate(bars):
        y = top + TITLE + number * (HEIGHT + GAP)
        length = max(1.0, bar.value / most * room)
        kind = "ours" if bar.is_ours else "other"
        pieces += [
            f'<text x="{LABEL - 10}" y="{y + 15}" text-anchor="end">{escape(bar.name)}</text>',
            f'<rect class="{kind}" x="{LABEL}" y="{y}" width="{length:.0f}" height="{HEIGHT}" rx="3"/>',
            f'<text x="{LABEL + length + 8:.0f}" y="{y + 15}">{bar.label}</text>',
        ]
    return pieces, TITLE + len(bars) * (HEIGHT + GAP) + 16
