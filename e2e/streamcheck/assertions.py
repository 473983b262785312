"""What a reply that streams must look like. Every failure shows what was recorded."""

from itertools import pairwise
from typing import NoReturn

from streamcheck.recording import Recording
from streamcheck.timeline import Growth, Timeline

Recorded = Recording | Timeline


def assert_grew_in_steps(recorded: Recorded, *, at_least: int, largest_share: float = 1.0) -> None:
    """The text grew in so many steps: frames in which it was seen to be longer than ever before.

    No step brought more than `largest_share` (0 to 1) of the text. With it, a few words followed by all
    the rest at once are not many steps.
    """
    __tracebackhide__ = True
    timeline = _timeline(recorded)
    steps = len(timeline.growths)
    if steps < at_least:
        _fail(timeline, f"the text grew in {_count(steps, 'step')}; it had to be {at_least} at least")
    largest = max((growth.added for growth in timeline.growths), default=0)
    whole = timeline.growths[-1].after - timeline.growths[0].before if timeline.growths else 0
    if largest > whole * largest_share:
        _fail(
            timeline,
            f"one step brought {largest} of {whole} characters; at most {largest_share:.0%} may come at once",
        )


def assert_first_growth_within(recorded: Recorded, *, ms: float) -> None:
    """The first text was seen within so many milliseconds of the sending."""
    __tracebackhide__ = True
    timeline = _timeline(recorded)
    if timeline.sent_at is None:
        _fail(timeline, "no click and no Enter was seen that sent a message; record before it is sent")
    first = _growths(timeline)[0].at - timeline.sent_at
    if first > ms:
        _fail(
            timeline, f"the first text came {first:.0f} ms after the sending; it had to be within {ms:.0f} ms"
        )


def assert_no_gap_longer_than(recorded: Recorded, *, ms: float) -> None:
    """From its first to its last growth, the text never stood still for longer than so many milliseconds."""
    __tracebackhide__ = True
    timeline = _timeline(recorded)
    growths = _growths(timeline)
    gaps = [(after.at - before.at, before) for before, after in pairwise(growths)]
    if gaps and (longest := max(gaps, key=lambda gap: gap[0]))[0] > ms:
        gap, before = longest
        _fail(
            timeline,
            f"the text stood still at {before.after} characters for {gap:.0f} ms; {ms:.0f} ms were allowed",
        )


def assert_never_shrank(recorded: Recorded, *, rewritten: int = 0) -> None:
    """No text that was shown was taken back: at every moment it began with all that was shown before.

    That is the strict rule, and right for plain text. A page that renders Markdown may have to write the
    end of its text anew, for example where `**bol` turns into a bold `bold`: `rewritten` is how many
    characters at the end of the longest text so far may change or go. The bound does not add up: it
    always counts from the longest text, so nothing can be taken back bit by bit.
    """
    __tracebackhide__ = True
    timeline = _timeline(recorded)
    _growths(timeline)
    longest = ""
    for sample in timeline.samples:
        kept = _common_length(longest, sample.text)
        if kept < len(longest) - rewritten:
            _fail(
                timeline,
                f"of {len(longest)} characters only the first {kept} were kept, {rewritten} might change:"
                f" …{longest[max(0, kept - 12) :][:48]!r} became …{sample.text[max(0, kept - 12) :][:48]!r}",
            )
        if len(sample.text) >= len(longest):
            longest = sample.text


def assert_never_showed(recorded: Recorded, *texts: str) -> None:
    """At no moment did the text contain any of these, not even for a single frame."""
    __tracebackhide__ = True
    timeline = _timeline(recorded)
    _growths(timeline)
    for sample in timeline.samples:
        for text in texts:
            if text in sample.text:
                at = sample.text.index(text)
                around = sample.text[max(0, at - 24) : at + len(text) + 24]
                _fail(timeline, f"the text showed {text!r} at {len(sample.text)} characters: …{around!r}")


def assert_cursor_until_end(recorded: Recorded, *, within_ms: float | None = None) -> None:
    """The cursor was there before the first text, stayed while the text grew, and was gone in the end.

    With `within_ms`, it came within so many milliseconds of the sending, if that was seen.
    """
    __tracebackhide__ = True
    timeline = _timeline(recorded)
    _held_until_end(timeline, "the cursor", [sample.cursor is True for sample in timeline.samples], within_ms)
    if timeline.samples[-1].cursor is not False:
        _fail(timeline, "the cursor was still there in the end")


def assert_input_disabled_until_end(recorded: Recorded, *, within_ms: float | None = None) -> None:
    """The input took no text from before the first text until the last, and takes text in the end.

    An input that is not on the page takes none either. With `within_ms`, it was disabled within so many
    milliseconds of the sending, if that was seen.
    """
    __tracebackhide__ = True
    timeline = _timeline(recorded)
    disabled = [sample.input in {"disabled", "absent"} for sample in timeline.samples]
    _held_until_end(timeline, "the disabled input", disabled, within_ms)
    if timeline.samples[-1].input != "enabled":
        _fail(timeline, f"the input was {timeline.samples[-1].input} in the end")


def _held_until_end(timeline: Timeline, what: str, held: list[bool], within_ms: float | None) -> None:
    """Something was there from before the first growth until the last one, which may come with its end."""
    __tracebackhide__ = True
    growths = _growths(timeline)
    first = _index_at(timeline, growths[0])
    last = _index_at(timeline, growths[-1])
    if not any(held):
        _fail(timeline, f"{what} was never there")
    came = held.index(True)
    if came >= first:
        _fail(timeline, f"{what} was not there before the first text")
    if within_ms is not None and timeline.sent_at is not None:
        late = timeline.samples[came].at - timeline.sent_at
        if late > within_ms:
            _fail(timeline, f"{what} came {late:.0f} ms after the sending, not within {within_ms:.0f} ms")
    if False in held[came:last]:
        at = timeline.samples[came + held[came:last].index(False)]
        _fail(timeline, f"{what} was gone at {len(at.text)} characters, before the text was complete")


def _index_at(timeline: Timeline, growth: Growth) -> int:
    return next(
        index
        for index, sample in enumerate(timeline.samples)
        if sample.at >= growth.at and len(sample.text) > growth.before
    )


def _growths(timeline: Timeline) -> tuple[Growth, ...]:
    """The growths, of which there must be one: nothing is proved about a text that never came."""
    __tracebackhide__ = True
    if not timeline.growths:
        _fail(timeline, "no text came at all")
    return timeline.growths


def _common_length(one: str, other: str) -> int:
    if other.startswith(one):
        return len(one)
    return next(
        (index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def _timeline(recorded: Recorded) -> Timeline:
    return recorded if isinstance(recorded, Timeline) else recorded.timeline


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _fail(timeline: Timeline, what: str) -> NoReturn:
    __tracebackhide__ = True
    raise AssertionError(f"{what}.\n{timeline}")
