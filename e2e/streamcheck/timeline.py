"""What was recorded of one reply, as data: what the page showed, and when."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Literal

InputState = Literal["enabled", "disabled", "absent"]

SHOWN_FIRST = 14
SHOWN_LAST = 8
"""How many lines of a long timeline are printed, from its start and from its end."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the page showed from one moment on.

    `at` is in milliseconds of the page's `performance.now()`; `frame` counts what the browser drew, and
    samples of one frame were never seen apart. `text` has no white space at its end. `cursor` and
    `input` are None when nobody asked to watch them.
    """

    at: float
    frame: int
    text: str
    cursor: bool | None
    input: InputState | None


@dataclass(frozen=True, slots=True)
class Growth:
    """A drawn frame in which the text became longer than it had ever been; lengths in characters."""

    at: float
    before: int
    after: int

    @property
    def added(self) -> int:
        """Characters by which it became longer."""
        return self.after - self.before


@dataclass(frozen=True)
class Timeline:
    """All samples of a recording, oldest first: one at least.

    `sent_at` is the moment of the click or the key that sent the message, in the clock of the samples;
    None when there was none. `longest_freeze` is the longest time in milliseconds between two frames:
    how long the page itself, rather than what it waited for, may have held up the text.
    """

    samples: tuple[Sample, ...]
    sent_at: float | None
    longest_freeze: float = 0.0

    @property
    def text(self) -> str:
        """The text as it stood at the end."""
        return self.samples[-1].text

    @cached_property
    def growths(self) -> tuple[Growth, ...]:
        """The frames in which the text grew: growth between two frames counts once, as it is seen."""
        return tuple(self._find_growths())

    @property
    def duration(self) -> float:
        """Milliseconds from the sending to the last growth.

        A share of it is a bound that fits any machine. Raises `ValueError` when one of the two was not seen.
        """
        if self.sent_at is None or not self.growths:
            raise ValueError("neither the sending nor a growth may be missing")
        return self.growths[-1].at - self.sent_at

    def _find_growths(self) -> Iterator[Growth]:
        longest = len(self.samples[0].text)
        for _, samples in groupby(self.samples, key=lambda sample: sample.frame):
            drawn = list(samples)
            length = len(drawn[-1].text)
            if length > longest:
                at = next(sample.at for sample in drawn if len(sample.text) > longest)
                yield Growth(at, longest, length)
                longest = length

    def __str__(self) -> str:
        """A table for people: a line for every change, times in milliseconds since the sending."""
        start = self.samples[0].at if self.sent_at is None else self.sent_at
        since = "the recording began" if self.sent_at is None else "the sending"
        lines = [
            _line(sample, before, start)
            for before, sample in zip((None, *self.samples), self.samples, strict=False)
        ]
        if len(lines) > SHOWN_FIRST + SHOWN_LAST:
            left_out = f"     … {len(lines) - SHOWN_FIRST - SHOWN_LAST} more …"
            lines = [*lines[:SHOWN_FIRST], left_out, *lines[-SHOWN_LAST:]]
        heading = f"What the page showed, in ms since {since}:"
        freeze = f"{self.longest_freeze:.0f} ms"
        foot = f"Frames with growth: {len(self.growths)}; longest time without a frame: {freeze}"
        return "\n".join([heading, *lines, foot])


def _line(sample: Sample, before: Sample | None, start: float) -> str:
    length = len(sample.text)
    change = length - (0 if before is None else len(before.text))
    cursor = {None: "", True: "  cursor", False: "        "}[sample.cursor]
    box = "" if sample.input is None else f"  input {sample.input:8}"
    when = f"{sample.at - start:9.0f}  frame {sample.frame:<5}"
    return f"{when}{change:+6} = {length:6} characters{cursor}{box}  …{sample.text[-24:]!r}"
