"""The figures as Markdown: tables with ratios, and what the load generator itself could do."""

from dataclasses import dataclass
from typing import Any

from benchmarks.streams.servers.table import SERVERS

Figures = dict[str, Any]
BASE, PASSING, NAIVE, OURS = "FastAPI", "nginx", "Naive lines", "Headwater"


def at(figures: Figures | None, *path: str) -> Any:  # noqa: ANN401 - it may be anything
    """What stands at a path of members, or None."""
    for name in path:
        figures = (figures or {}).get(name)
    return figures


@dataclass(frozen=True)
class Column:
    title: str
    path: tuple[str, ...]
    """Where the value stands in a row's figures."""
    style: str = "{:.0f}"

    def value(self, row: Figures) -> float | None:
        """The value of a row, if it was measured."""
        value: float | None = at(row, *self.path)
        return value


def each_steady(plan: Figures, title: str, *path: str) -> list[Column]:
    """A column for each number of streams."""
    return [
        Column(f"{title}: {streams} streams", ("steady", str(streams), *path)) for streams in plan["steady"]
    ]


def columns_of_streams(plan: Figures) -> list[Column]:
    return [
        Column("streams held", ("held", "streams")),
        *each_steady(plan, "CPU a token, µs", "us_per_token"),
        *each_steady(plan, "staleness p99, ms", "result", "staleness_ms", "p99"),
    ]


def columns_of_starts(plan: Figures) -> list[Column]:
    first = f"first token, ms, {plan['ramp_streams']} starts in {plan['ramp_seconds']:.0f} s"
    return [
        Column("CPU a start, ms", ("start", "ms"), "{:.1f}"),
        Column(f"{first}: p50", ("ramp", "result", "first_token_ms", "p50")),
        Column("p99", ("ramp", "result", "first_token_ms", "p99")),
        Column(f"{plan['burst']} starts at once: p50, ms", ("burst", "result", "first_token_ms", "p50")),
        Column("the last one", ("burst", "result", "first_token_ms", "max")),
        Column("memory a stream, KiB", ("memory", "kib_per_stream")),
    ]


def columns_of_transports(plan: Figures) -> list[Column]:
    some = str(plan["steady"][0])
    return [
        Column("bytes a token", ("steady", some, "bytes_per_token")),
        *each_steady(plan, "CPU a token, µs", "us_per_token"),
        Column("CPU a start, ms", ("start", "ms"), "{:.1f}"),
    ]


def of_server(results: Figures, name: str) -> Figures:
    """The first row of a server that was measured, or nothing."""
    rows = results["rows"].values()
    return next((row for row in rows if row["server"] == name and "failure" not in row), {})


def table(columns: list[Column], rows: dict[str, Figures], base: Figures) -> list[str]:
    """A line for each row; in brackets, the multiple of the figure of `base`. Columns without values go."""
    used = [column for column in columns if any(column.value(row) is not None for row in rows.values())]
    lines = ["", "| | " + " | ".join(column.title for column in used) + " |", "|---" * (len(used) + 1) + "|"]
    for name, row in rows.items():
        cells = [cell(column, row, base) for column in used]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines if used else []


def cell(column: Column, row: Figures, base: Figures) -> str:
    value, other = column.value(row), column.value(base)
    if value is None:
        return "–"
    text = column.style.format(value)
    if column.path == ("held", "streams") and at(row, "held", "is_at_least"):
        text = f"at least {text}"
    return f"{text} ({multiple(value / other)})" if other else text


def multiple(ratio: float) -> str:
    """Two digits that count: 13 ×, 1.4 ×, 0.07 ×."""
    return (f"{ratio:.0f}" if ratio >= 9.95 else f"{ratio:.2g}") + " ×"


COMPARISONS = (
    (BASE, "FastAPI's", Column("streams held", ("held", "streams"))),
    (NAIVE, "the naive lines'", Column("streams held", ("held", "streams"))),
    (PASSING, "nginx's", Column("CPU a token at 200 streams", ("steady", "200", "us_per_token"))),
    (BASE, "FastAPI's", Column("CPU a token at 200 streams", ("steady", "200", "us_per_token"))),
    (BASE, "FastAPI's", Column("CPU a start", ("start", "ms"))),
)


def comparisons(results: Figures) -> list[str]:
    """Headwater over HTTP/1.1 beside the others, as multiples."""
    lines = []
    for server, whose, column in COMPARISONS:
        value, other = column.value(of_server(results, OURS)), column.value(of_server(results, server))
        if value and other:
            lines.append(f"- {column.title}: {multiple(value / other)} {whose}")
    return ["", "Headwater, server-sent events over HTTP/1.1:", "", *lines] if lines else []


def generator_check(results: Figures) -> list[str]:
    """nginx's loads: the staleness that is not the fault of the server under test."""
    row = of_server(results, PASSING)
    loads = [*at(row, "steady").values(), *(at(row, "held", "trials") or [])] if row else []
    if not loads:
        return []
    by_streams = {load["result"]["load"]["streams"]: load for load in loads}
    lines = [
        "",
        "What the load generator can do: its figures with nginx in between, which adds next to nothing.",
        "",
        "| streams | staleness p50, p99, ms | the model server's own lateness p99, ms |"
        " the generator's cores busy | nginx's core busy |",
        "|---|---|---|---|---|",
    ]
    for streams, load in sorted(by_streams.items()):
        stale, late = load["result"]["staleness_ms"], load["result"]["lateness_ms"]
        lines.append(
            f"| {streams} | {stale['p50']:.1f}, {stale['p99']:.1f} | {late['p99']:.1f}"
            f" | {load['generator_busy']:.0%} | {load['server_busy']:.0%} |"
        )
    return lines


QUIET = 0.1


def noise(results: Figures) -> list[str]:
    """A warning, if other work used the cores of either side."""
    loads = [
        load
        for row in results["rows"].values()
        for load in [*(at(row, "steady") or {}).values(), *(at(row, "held", "trials") or [])]
    ]
    noisy = sorted(load["foreign_busy"] for load in loads if load["foreign_busy"] > QUIET)
    if not noisy:
        return []
    return [
        "",
        f"**Not to be relied on:** in {len(noisy)} of {len(loads)} loads, other work used more than"
        f" {QUIET:.0%} of the cores of the server or of the load generator, up to {noisy[-1]:.0%}.",
    ]


def measured_part(results: Figures) -> str:
    """All of it, as it stands in docs/performance.md."""
    machine, plan = results["machine"], results["plan"]
    if machine["are_siblings"]:
        beside = "the other thread of the same core"
    else:
        beside = "1 other" if machine["other_cores"] == 1 else f"{machine['other_cores']} others"
    left_out = [row.name for server in SERVERS for row in server.rows if row.name not in results["rows"]]
    measured = {name: row for name, row in results["rows"].items() if "failure" not in row}
    compared = {name: row for name, row in measured.items() if row["is_compared"]}
    ours = {name: row for name, row in measured.items() if row["server"] == OURS}
    base = of_server(results, BASE)
    versions = dict.fromkeys(row["version"] for row in results["rows"].values() if "version" in row)
    lines = [
        f"Measured on {machine['date']} on {machine['processor']}, {machine['system']}: the server under test"
        f" on one core, the load generator on {beside}. In brackets: the multiple of FastAPI's figure.",
        *noise(results),
        *(["", f"Not measured in this run: {'; '.join(left_out)}."] if left_out else []),
        *table(columns_of_streams(plan), compared, base),
        *table(columns_of_starts(plan), compared, base),
        *(f"\n{name}: {row['failure']}" for name, row in results["rows"].items() if "failure" in row),
        *comparisons(results),
    ]
    if len(ours) > 1:
        lines += ["", "What each transport of Headwater costs:"]
        lines += table(columns_of_transports(plan), ours, {})
    lines += [*generator_check(results), "", "Versions:", "", *(f"- {version}" for version in versions)]
    return "\n".join(lines) + "\n"
