"""Measures the cost of rendering a reply while it streams, and compares it with other renderers.

`make bench-render` runs this. Each reply is rendered in a new page at up to 60 frames a second, while keys
are pressed. Times are CPU times of the main thread, without waiting for a busy machine. Dropped frames
include those that the machine drops, which the renderer `nothing` shows.
"""

import argparse
import asyncio
import json
import mimetypes
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, CDPSession, Page, Route, async_playwright

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "frontend/node_modules/.bench"
BROWSER = ROOT / ".make/browser"
ADDRESS = "https://bench.test/"

RENDERERS = ("headwater", "streamdown", "streamdown-highlighting", "react-markdown", "nothing")
BESIDE_OTHERS = ("mixed-10000", "mixed-35000", "mixed-100000")
ALONE = ("mixed-200000", "code-100000", "list-20000", "table-20000", "paragraph-20000")
AGAIN = ("headwater", "streamdown", "nothing")
CHARACTERS_A_FRAME = 63.4
"""About 3,800 characters a second at 60 frames a second."""
PATIENCE_S = 120
KEY_EVERY_S = 0.25

HEADER = (
    "| reply | renderer | script s | all work s | a frame: first tenth → last, ms "
    "| longest task ms | dropped frames | heap MB | key to paint ms: median, p95 | text |"
)


@dataclass(frozen=True)
class Result:
    """The measurements of one reply with one renderer."""

    reply: str
    renderer: str
    script_s: float
    all_s: float
    first_tenth_s: float
    last_tenth_s: float
    longest_task_ms: float
    heap_mb: float
    page: dict[str, Any]

    @property
    def growth(self) -> float:
        """The cost of the last tenth of the frames relative to the first tenth."""
        return self.last_tenth_s / self.first_tenth_s

    def row(self) -> str:
        """A row of the table."""
        frames, typing = self.page["frames"], self.page["typing"]
        tenth = frames["count"] / 10_000
        cells = [
            self.reply,
            self.renderer,
            f"{self.script_s:.2f}",
            f"{self.all_s:.2f}",
            f"{self.first_tenth_s / tenth:.2f} → {self.last_tenth_s / tenth:.2f} (x {self.growth:.2f})",
            f"{self.longest_task_ms:.0f}",
            f"{frames['dropped']} of {frames['count']}",
            f"{self.heap_mb:.1f}",
            f"{_ms(typing['medianMs'])}, {_ms(typing['p95Ms'])}",
            self._text(),
        ]
        return f"| {' | '.join(cells)} |"

    def _text(self) -> str:
        if not self.page["isWhole"]:
            return f"gave up at {self.page['characters']}"
        if self.renderer != "headwater":
            return "whole"
        return "identical" if self.page["isSame"] else "DIFFERENT"


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


async def measure(browser: Browser, reply: str, renderer: str, slowdown: float) -> Result:
    """Stream one reply into a fresh page."""
    async with _page(browser) as (page, cdp):
        name, length = reply.rsplit("-", 1)
        task = {
            "renderer": renderer,
            "reply": name,
            "length": int(length),
            "charactersAFrame": CHARACTERS_A_FRAME,
            "patienceMs": PATIENCE_S * 1000,
        }
        await page.evaluate("task => prepare(task)", task)
        await cdp.send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
        typing = asyncio.create_task(_type(cdp))
        await browser.start_tracing(page=page, categories=["toplevel"])
        marks = [await _metrics(cdp)]
        for share in (0.1, 0.9, 1):
            await page.evaluate("share => stream(share)", share)
            marks.append(await _metrics(cdp))
        typing.cancel()
        trace = json.loads(await browser.stop_tracing())
        result = await page.evaluate("() => end()")
        if not result["isAtEnd"]:
            raise RuntimeError(f"{reply} with {renderer}: the thread did not stay at its end")
        start, tenth, ninth, end = marks
        await cdp.send("HeapProfiler.collectGarbage")
        heap = (await _metrics(cdp))["JSHeapUsedSize"]
        return Result(
            reply,
            renderer,
            script_s=end["ScriptDuration"] - start["ScriptDuration"],
            all_s=end["TaskDuration"] - start["TaskDuration"],
            first_tenth_s=tenth["TaskDuration"] - start["TaskDuration"],
            last_tenth_s=end["TaskDuration"] - ninth["TaskDuration"],
            longest_task_ms=_longest_task_ms(trace["traceEvents"]),
            heap_mb=heap / 1e6,
            page=result,
        )


@asynccontextmanager
async def _page(browser: Browser) -> AsyncIterator[tuple[Page, CDPSession]]:
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        page = await context.new_page()
        page.on("pageerror", lambda error: _say(f"error in the page: {error}"))
        await page.route(f"{ADDRESS}**", _serve)
        await page.goto(ADDRESS)
        await page.wait_for_function("'prepare' in window")
        cdp = await context.new_cdp_session(page)
        # CPU time of the main thread instead of wall-clock time.
        await cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
        yield page, cdp
    finally:
        await context.close()


async def _serve(route: Route) -> None:
    name = route.request.url.removeprefix(ADDRESS) or "index.html"
    headers = {  # Isolated pages have a clock resolution of 5 µs instead of 100.
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Content-Type": mimetypes.guess_type(name)[0] or "application/octet-stream",
    }
    file = BUILT / name
    if file.is_file():
        await route.fulfill(path=file, headers=headers)
    else:
        await route.fulfill(status=404)


async def _type(cdp: CDPSession) -> None:
    while True:
        await asyncio.sleep(KEY_EVERY_S)
        key = {"key": "a", "code": "KeyA", "windowsVirtualKeyCode": 65}
        await cdp.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": "a", **key})
        await cdp.send("Input.dispatchKeyEvent", {"type": "keyUp", **key})


def _longest_task_ms(events: list[dict[str, Any]]) -> float:
    """The longest task of the busiest main thread."""
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks: dict[tuple[int, int], list[float]] = {main: [0] for main in mains}
    for event in events:
        if event["name"].endswith("RunTask") and (event["pid"], event["tid"]) in mains:
            tasks[event["pid"], event["tid"]].append(event.get("tdur", 0) / 1000)
    return max(max(tasks.values(), key=sum, default=[0]))


async def _metrics(cdp: CDPSession) -> dict[str, float]:
    answer = await cdp.send("Performance.getMetrics")
    return {metric["name"]: metric["value"] for metric in answer["metrics"]}


def verdicts(results: list[Result]) -> list[str]:
    """The goals and whether they were reached, and the comparison with other renderers."""
    by_name = {
        name: _middle([result for result in results if (result.reply, result.renderer) == name])
        for name in {(result.reply, result.renderer) for result in results}
    }
    ours = by_name.get(("mixed-100000", "headwater"))
    if ours is None:
        return []
    frames = ours.page["frames"]
    goals = [
        (f"last tenth of frames {ours.growth:.2f} times the first (at most 1.3)", ours.growth <= 1.3),
        (f"script {ours.script_s:.2f} s (under 1.8)", ours.script_s < 1.8),
        (f"all work {ours.all_s:.2f} s (under 4.5)", ours.all_s < 4.5),
        (f"longest task {ours.longest_task_ms:.0f} ms (at most 50)", ours.longest_task_ms <= 50),
        (f"{frames['dropped']} frames dropped of {frames['count']} (none)", frames["dropped"] == 0),
        ("sent text identical to shown text", ours.page["isSame"]),
    ]
    nothing = by_name.get(("mixed-100000", "nothing"))
    if nothing is not None:
        dropped = nothing.page["frames"]["dropped"]
        goals.append((f"where the machine drops {dropped} by itself", frames["dropped"] <= dropped))
    lines = [f"- {'reached' if reached else 'MISSED'}: {goal}" for goal, reached in goals]
    for renderer in ("streamdown", "streamdown-highlighting", "react-markdown"):
        theirs = by_name.get(("mixed-100000", renderer))
        if theirs is not None:
            script, all_work = ours.script_s / theirs.script_s, ours.all_s / theirs.all_s
            lines.append(f"- beside {renderer}: {script:.2f} of its script, {all_work:.2f} of all its work")
    return lines


def _middle(results: list[Result]) -> Result:
    return sorted(results, key=lambda result: result.all_s)[len(results) // 2]


async def main() -> None:
    """Measure and print a table."""
    options = _options()
    renderers = (options.only,) if options.only else RENDERERS
    if options.replies:
        cases = [(reply, renderer) for reply in options.replies.split(",") for renderer in renderers]
    else:
        cases = [(reply, renderer) for reply in BESIDE_OTHERS for renderer in renderers]
        again = [("mixed-100000", renderer) for renderer in AGAIN if renderer in renderers]
        alone = [(reply, "headwater") for reply in ALONE if "headwater" in renderers]
        cases += again + alone + again
    results = []
    _say(HEADER)
    _say("|---" * HEADER.count(" | ") + "|---|")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=BROWSER.read_text("utf-8").strip(),
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        for reply, renderer in cases * options.runs:
            result = await measure(browser, reply, renderer, options.slowdown)
            results.append(result)
            _say(result.row())
        await browser.close()
    _say("\n".join(["", *verdicts(results)]))
    if options.json:
        options.json.write_text(json.dumps([vars(result) for result in results], indent=1), "utf-8")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="one renderer of bench/beside")
    parser.add_argument("--replies", help="such as mixed-100000,table-20000")
    parser.add_argument("--runs", type=int, default=1, help="how often everything is measured")
    parser.add_argument(
        "--slowdown", type=float, default=1, help="how many times slower the processor is made"
    )
    parser.add_argument("--json", type=Path, help="a file for the results")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main())
