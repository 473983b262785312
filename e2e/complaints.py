"""What the browser holds against a page: errors in its console, uncaught exceptions, broken policies."""

import re

from playwright.sync_api import BrowserContext, ConsoleMessage, WebError

REPORT_VIOLATIONS = """
    addEventListener("securitypolicyviolation", (event) => {
        console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
"""


class Complaints:
    """Collects the complaints about all pages of a context."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self._heard: list[str] = []
        self._expected: list[str] = []
        self._tolerated: list[str] = []
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)

    def expect(self, pattern: str) -> None:
        """Take complaints that match a regular expression as part of the test; one has to come."""
        self._expected.append(pattern)

    def tolerate(self, pattern: str) -> None:
        """Take complaints that match as no failure, whether they come or not."""
        self._tolerated.append(pattern)

    def check(self) -> None:
        """Raise `AssertionError` for what was not expected, and for what was and did not come."""
        known = [*self._expected, *self._tolerated]
        unexpected = [one for one in self._heard if not any(re.search(e, one) for e in known)]
        if unexpected:
            raise AssertionError("the browser complained:\n" + "\n".join(unexpected))
        missing = [e for e in self._expected if not any(re.search(e, one) for one in self._heard)]
        if missing:
            raise AssertionError(f"the browser did not say {missing}, but only {self._heard}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._heard.append(f"{message.text} ({message.location['url']})")

    def _on_error(self, error: WebError) -> None:
        self._heard.append(f"uncaught: {error.error}")
