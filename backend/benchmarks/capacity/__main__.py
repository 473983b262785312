"""Prints how many machines so many people need; docs/operating.md has the table of the defaults.

    cd backend && ../.venv/bin/python -m benchmarks.capacity
    cd backend && ../.venv/bin/python -m benchmarks.capacity --people 5000 --replies-a-day 40 --token 50e-6
    make capacity                             # writes the table of the defaults into docs/operating.md

Every parameter of parameters.py is an option.
"""

import argparse
from dataclasses import Field, fields

from benchmarks.capacity.page import PAGE, PEOPLE, with_table
from benchmarks.capacity.parameters import Costs, People
from benchmarks.capacity.plan import table


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="benchmarks.capacity", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write docs/operating.md")
    parser.add_argument("--people", type=int, nargs="+", default=PEOPLE)
    parameters: tuple[Field[float], ...] = (*fields(People), *fields(Costs))
    for each in parameters:
        parser.add_argument(f"--{each.name.replace('_', '-')}", type=float, default=each.default)
    options = vars(parser.parse_args())
    habits = People(**{each.name: options[each.name] for each in fields(People)})
    costs = Costs(**{each.name: options[each.name] for each in fields(Costs)})
    if options["write"]:
        PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")
    else:
        print(table(options["people"], habits, costs))


if __name__ == "__main__":
    main()
