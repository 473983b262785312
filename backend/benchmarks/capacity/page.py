"""The table in docs/operating.md."""

from pathlib import Path

from benchmarks.capacity.parameters import Costs, People
from benchmarks.capacity.plan import table

PAGE = Path(__file__).resolve().parents[3] / "docs" / "operating.md"
BEGINNING = "<!-- make capacity writes this table. -->\n"
PEOPLE = (1_000, 10_000, 100_000, 1_000_000)


def with_table(page: str) -> str:
    """The page with the table of the default parameters behind its marker, up to the next empty line."""
    before, beginning, rest = page.partition(BEGINNING)
    if not beginning:
        raise ValueError(f"{PAGE.name} has no {BEGINNING.strip()}")
    _, _, after = rest.partition("\n\n")
    return f"{before}{beginning}{table(PEOPLE, People(), Costs())}\n\n{after}"
