"""Record how a reply appears on a page, from inside the page."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Frame, JSHandle, Page

from streamcheck.timeline import Sample, Timeline

RECORDER = Path(__file__).with_name("recorder.js").read_text("utf-8")


class Recording:
    """A recording that goes on in the page until it is stopped or the page is left."""

    def __init__(self, recorder: JSHandle) -> None:
        self._recorder = recorder

    @property
    def timeline(self) -> Timeline:
        """What was recorded so far."""
        return _timeline(self._recorder.evaluate("recorder => recorder.recorded()"))

    def wait_until_finished(self, timeout: float = 30_000) -> Timeline:
        """Wait until the cursor and the disabled input, as far as they are watched, have come and gone.

        Then stop. `timeout` is in milliseconds; raises `AssertionError` with the timeline after it.
        A page where neither is watched cannot tell: wait for its own sign, then call `stop()`.
        """
        __tracebackhide__ = True
        if self._came("finished", None, timeout):
            return self.stop()
        raise AssertionError(
            f"the reply had not ended after {timeout:.0f} ms: the cursor and the disabled input, as far as"
            f" they are watched, have to come and to go.\n{self.stop()}"
        )

    def wait_until_longer_than(self, characters: int, timeout: float = 30_000) -> Timeline:
        """Wait until the text has had more characters than that.

        `timeout` is in milliseconds; raises `AssertionError` with the timeline after it.
        """
        __tracebackhide__ = True
        if self._came("length", characters + 1, timeout):
            return self.timeline
        raise AssertionError(
            f"the text had no more than {characters} characters after {timeout:.0f} ms.\n{self.timeline}"
        )

    def stop(self) -> Timeline:
        """End the recording; returns what was recorded."""
        self._recorder.evaluate("recorder => recorder.stop()")
        return self.timeline

    def _came(self, condition: str, value: int | None, timeout: float) -> bool:
        came: bool = self._recorder.evaluate(
            "(recorder, [condition, value, timeout]) => recorder.until(condition, value, timeout)",
            [condition, value, timeout],
        )
        return came


def record(
    page: Page | Frame,
    *,
    text: str,
    cursor: str | None = None,
    input: str | None = None,  # noqa: A002 - what it is called on a page
    send: str | None = None,
    ignore: str | None = None,
) -> Recording:
    """Begin to record the next reply; call it before the message is sent. All selectors are CSS.

    - `text`: the element that holds the reply. It may come later, and be replaced; of several, the last
      one counts that is new or has changed since now, so earlier replies may stand on the page.
    - `cursor`: what shows that more is to come, inside `text` or elsewhere; its own text is left out.
    - `input`: the box to write in. It counts as disabled when it is disabled, read-only or inert.
    - `send`: what sends the message when it is clicked; any button without it. Enter in `input`, and a
      form that is submitted, count too. The first of them is the moment of the sending.
    - `ignore`: parts of `text` that are no reply, such as the label of a copy button.
    """
    selectors = {"text": text, "cursor": cursor, "input": input, "send": send, "ignore": ignore}
    return Recording(page.evaluate_handle(RECORDER, selectors))


def _timeline(recorded: dict[str, Any]) -> Timeline:
    samples: list[Sample] = []
    text = ""
    for at, frame, keep, added, cursor, box in recorded["samples"]:
        text = _utf16_prefix(text, keep) + added
        samples.append(Sample(at, frame, text, cursor, box))
    return Timeline(tuple(samples), recorded["sentAt"], recorded["longestFreezeMs"])


def _utf16_prefix(text: str, length: int) -> str:
    """The start of a text that has so many UTF-16 units, in which a page counts."""
    if text.isascii() or max(text) < "\U00010000":
        return text[:length]
    return text.encode("utf-16-le")[: 2 * length].decode("utf-16-le", "surrogatepass")
