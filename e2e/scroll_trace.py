"""Tells a slide from a jump: how what is read moves on the screen while a reply grows."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from playwright.sync_api import JSHandle, Page

TRACE = """
    (mark) => {
        let box = document.querySelector("[role=log]");
        while (!/auto|scroll/.test(getComputedStyle(box).overflowY)) box = box.parentElement;
        const element = document.querySelector(mark);
        const frames = [];
        let isOver = false;
        // Its size changes in every frame, so its observer is called in every frame: once all is laid out and
        // the page's own observers, which are older, have answered, and before anything else can happen.
        const ticker = document.body.appendChild(document.createElement("div"));
        ticker.style.cssText = "position: fixed; visibility: hidden; width: 1px; height: 1px";
        const tick = () => {
            ticker.style.width = ticker.style.width === "1px" ? "2px" : "1px";
        };
        const observer = new ResizeObserver(() => {
            frames.push({
                place: element.getBoundingClientRect().top,
                height: box.scrollHeight,
                to_end: box.scrollHeight - box.clientHeight - box.scrollTop,
            });
            if (!isOver) return requestAnimationFrame(tick);
            observer.disconnect();
            ticker.remove();
        });
        observer.observe(ticker);
        return { frames, stop: () => ((isOver = true), frames) };
    }
"""

TOLERANCE = 1.0
"""Pixels that rounding may make."""


@dataclass(frozen=True)
class Frame:
    """One drawn frame, in pixels: where the marked element is, how high all is, how far the end is away."""

    place: float
    height: float
    to_end: float


@dataclass(frozen=True)
class Movement:
    """What changed from one frame to the next."""

    moved: float
    grew: float


class ScrollTrace:
    """Watches an element of the thread, frame by frame, until `stop`."""

    def __init__(self, page: Page, mark: str) -> None:
        self._page = page
        self._handle: JSHandle = page.evaluate_handle(TRACE, mark)
        page.wait_for_function("({ frames }) => frames.length > 0", arg=self._handle)

    def wait_until_grown(self, by: float) -> None:
        """Wait until the thread is higher by so many pixels than in the first frame."""
        self._page.wait_for_function(
            "([{ frames }, by]) => frames.length > 0 && frames.at(-1).height - frames[0].height >= by",
            arg=[self._handle, by],
        )

    def stop(self) -> list[Frame]:
        """All frames that were drawn meanwhile."""
        frames: list[dict[str, Any]] = self._handle.evaluate("({ stop }) => stop()")
        return [Frame(**frame) for frame in frames]


def movements(frames: list[Frame]) -> list[Movement]:
    """What changed between frames, where anything did."""
    pairs = pairwise(frames)
    changes = [Movement(after.place - before.place, after.height - before.height) for before, after in pairs]
    return [change for change in changes if change != Movement(0, 0)]


def slides(frames: list[Frame]) -> list[Movement]:
    """Movements of a thread that follows its end: it went up by as much as was added to it."""
    return [change for change in movements(frames) if change.moved < 0 and not _is_jump(change)]


def jumps(frames: list[Frame]) -> list[Movement]:
    """Movements that what was added does not explain."""
    return [change for change in movements(frames) if _is_jump(change)]


def _is_jump(change: Movement) -> bool:
    return abs(change.moved + max(change.grew, 0)) > TOLERANCE
