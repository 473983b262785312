"""What a screen reader says of its own accord: every change of a live region."""

from playwright.sync_api import Page

LISTEN = """
    (() => {
        const heard = [];
        const said = new WeakMap();
        const LIVE = { status: "polite", alert: "assertive", log: "polite" };
        const liveness = (element) =>
            element.getAttribute("aria-live") ?? LIVE[element.getAttribute("role")] ?? null;
        // The nearest element that says anything about it decides.
        const regionOf = (node) => {
            for (let one = node; one !== null; one = one.parentElement) {
                const live = one instanceof Element ? liveness(one) : null;
                if (live !== null) return live === "off" ? null : one;
            }
            return null;
        };
        const hear = (region) => {
            const text = region.textContent.trim().replace(/\\s+/g, " ");
            if (said.get(region) === text) return;
            said.set(region, text);
            if (text !== "") heard.push(text);
        };
        new MutationObserver((changes) => {
            const regions = new Set();
            for (const { target, addedNodes } of changes) {
                regions.add(regionOf(target));
                for (const node of addedNodes) {
                    // A region that comes with its text is told by most readers when it is an alert.
                    if (!(node instanceof Element)) continue;
                    if (node.matches("[role=alert]")) regions.add(node);
                    for (const alert of node.querySelectorAll("[role=alert]")) regions.add(alert);
                }
            }
            regions.delete(null);
            regions.forEach(hear);
        }).observe(document, { subtree: true, childList: true, characterData: true });
        window.announcements = heard;
    })();
"""


class Announcements:
    """Hears what is announced on every page that is opened from now on."""

    def __init__(self, page: Page) -> None:
        self._page = page
        page.add_init_script(LISTEN)

    def expect(self, *said: str) -> None:
        """Wait until the last has been announced; then those, in their order, are all that was."""
        self._page.wait_for_function("(last) => announcements.at(-1) === last", arg=said[-1])
        # Anything that is still on its way comes with the next frames.
        self._page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        heard = self._page.evaluate("announcements.splice(0)")
        if heard != list(said):
            raise AssertionError(f"announced was {heard}, not {list(said)}")
