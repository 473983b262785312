"""docs/performance.*: the raw figures, the picture, and the measured part of the page."""

import json
from typing import Any

from benchmarks.streams.installing import ROOT
from benchmarks.streams.picture import draw
from benchmarks.streams.table import measured_part

PAGE = ROOT / "docs" / "performance.md"
FIGURES = PAGE.with_suffix(".json")
PICTURE = PAGE.with_suffix(".svg")
BEGINNING = "<!-- make bench writes from here -->\n"
ENDING = "<!-- to here -->\n"


def read_figures() -> dict[str, Any]:
    """The figures of the last run."""
    figures: dict[str, Any] = json.loads(FIGURES.read_text("utf-8"))
    return figures


def write(results: dict[str, Any]) -> None:
    """Write all three files."""
    FIGURES.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")
    PICTURE.write_text(draw(results), "utf-8")
    PAGE.write_text(with_measured_part(PAGE.read_text("utf-8"), measured_part(results)), "utf-8")


def with_measured_part(page: str, measured: str) -> str:
    """The page with another text between its markers."""
    before, beginning, rest = page.partition(BEGINNING)
    _, ending, after = rest.partition(ENDING)
    if not beginning or not ending:
        raise ValueError(f"{PAGE.name} has no {BEGINNING.strip()} … {ENDING.strip()}")
    return f"{before}{BEGINNING}\n{measured}\n{ENDING}{after}"
