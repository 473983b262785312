"""The figures as Markdown: a table with ratios, and what the load generator itself could do."""

from collections.abc import Callable
from typing import Any

Figures = dict[str, Any]
BASE, PASSING, NAIVE, OURS = "FastAPI", "nginx", "60 naive lines", "Headwater"


def at(figures: Figures, *path: str) -> Any:  # noqa: ANN401 - it may be anything
    """What stands at a path of members, or None."""
    for name in path:
        figures = (figures or {}).get(name)  # type: ignore[assignment]
    return figures


Column = tuple[str, Callable[[Figures], float | None], str]


def columns(plan: Figures) -> list[Column]:
    """The title, the value of a row, and its format."""
    steady = [str(streams) for streams in plan["steady"]]
    ramp, seconds, burst = plan["ramp_streams"], plan["ramp_seconds"], plan["burst"]
    every: list[Column] = [("streams held", lambda row: at(row, "held", "streams"), "{:.0f}")]
    every += [
        (
            f"CPU a token, µs: {streams} streams",
            lambda row, n=streams: at(row, "steady", n, "us_per_token"),
            "{:.0f}",
        )
        for streams in steady
    ]
    every += [
        (
            f"staleness p99, ms: {streams} streams",
            lambda row, n=streams: at(row, "steady", n, "result", "staleness_ms", "p99"),
            "{:.0f}",
        )
        for streams in steady
    ]
    first = f"first token, ms, {ramp} starts in {seconds:.0f} s"
    return [
        *every,
        ("CPU a start, ms", lambda row: at(row, "start", "ms"), "{:.1f}"),
        (f"{first}: p50", lambda row: at(row, "ramp", "result", "first_token_ms", "p50"), "{:.0f}"),
        (f"{first}: p99", lambda row: at(row, "ramp", "result", "first_token_ms", "p99"), "{:.0f}"),
        (
            f"{burst} starts at once: median first token, ms",
            lambda row: at(row, "burst", "result", "first_token_ms", "p50"),
            "{:.0f}",
        ),
        ("the last one, ms", lambda row: at(row, "burst", "result", "first_token_ms", "max"), "{:.0f}"),
        ("memory a stream, KiB", lambda row: at(row, "memory", "kib_per_stream"), "{:.0f}"),
    ]


def of_server(results: Figures, name: str) -> Figures:
    """The first row of a server that was measured, or nothing."""
    rows = results["rows"].values()
    return next((row for row in rows if row["server"] == name and "failure" not in row), {})


def table(results: Figures) -> list[str]:
    """A line for each row; in brackets, the multiple of FastAPI's figure. Columns without figures go."""
    rows = {name: row for name, row in results["rows"].items() if "failure" not in row}
    used = [
        column
        for column in columns(results["plan"])
        if any(column[1](row) is not None for row in rows.values())
    ]
    base = of_server(results, BASE)
    lines = ["| | " + " | ".join(title for title, _, _ in used) + " |", "|---" * (len(used) + 1) + "|"]
    for name, row in rows.items():
        cells = [cell(value(row), value(base), style) for _, value, style in used]
        if at(row, "held", "is_generator_limited"):
            cells[0] = f"at least {cells[0]}"
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += [f"\n{name}: {row['failure']}" for name, row in results["rows"].items() if "failure" in row]
    return lines


def cell(value: float | None, base: float | None, style: str) -> str:
    if value is None or value != value:
        return "–"
    ratio = f" ({multiple(value / base)})" if base else ""
    return style.format(value) + ratio


def multiple(ratio: float) -> str:
    """Two digits that count: 13 ×, 1.4 ×, 0.07 ×."""
    return (f"{ratio:.0f}" if ratio >= 9.95 else f"{ratio:.2g}") + " ×"


COMPARISONS: list[tuple[str, str, str, tuple[str, ...]]] = [
    ("streams held", BASE, "FastAPI's", ("held", "streams")),
    ("streams held", NAIVE, "the naive lines'", ("held", "streams")),
    ("CPU a token at 200 streams", PASSING, "nginx's", ("steady", "200", "us_per_token")),
    ("CPU a token at 200 streams", BASE, "FastAPI's", ("steady", "200", "us_per_token")),
    ("CPU a start", BASE, "FastAPI's", ("start", "ms")),
]


def comparisons(results: Figures) -> list[str]:
    """Headwater over HTTP/1.1 beside the others, as multiples."""
    ours = of_server(results, OURS)
    lines = []
    for what, server, whose, path in COMPARISONS:
        value, other = at(ours, *path), at(of_server(results, server), *path)
        if value and other:
            lines.append(f"- {what}: {multiple(value / other)} {whose}")
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


def measured_part(results: Figures) -> str:
    """All of it, as it stands in docs/performance.md."""
    machine = results["machine"]
    beside = (
        "the other thread of the same core"
        if machine["are_siblings"]
        else f"{machine['other_cores']} core(s)"
    )
    versions = dict.fromkeys(row["version"] for row in results["rows"].values() if "version" in row)
    lines = [
        f"Measured on {machine['date']} on {machine['processor']}, {machine['system']}: the server under"
        f" test on one core, the load generator on {beside}. In brackets: the multiple of FastAPI's figure.",
        "",
        *table(results),
        *comparisons(results),
        *generator_check(results),
        "",
        *(f"- {version}" for version in versions),
    ]
    return "\n".join(lines) + "\n"
