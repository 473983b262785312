"""What axe-core holds against a page as it stands."""
# ruff: noqa: S101

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SOURCE = Path(__file__).resolve().parent.parent / "frontend" / "node_modules" / "axe-core" / "axe.min.js"

RUN = """
    async (rules) => {
        // What is on its way to its place has colours of its own.
        await Promise.allSettled(document.getAnimations().filter(ends).map(({ finished }) => finished));
        const only = rules === null ? {} : { runOnly: { type: "rule", values: rules } };
        const { violations, passes } = await axe.run(document, { ...only, resultTypes: ["violations"] });
        return {
            checked: passes.length,
            violations: violations.map(({ id, help, nodes }) => ({
                rule: `${id}: ${help}`,
                nodes: nodes.map(({ html, any }) => `${html.slice(0, 200)} ${any[0]?.message ?? ""}`),
            })),
        };

        function ends({ effect }) {
            return Number.isFinite(effect?.getComputedTiming().endTime);
        }
    }
"""


def assert_accessible(page: Page, state: str, rules: list[str] | None = None) -> None:
    """Hold the page to all rules of axe, or to some; `state` names what is looked at."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(SOURCE.read_text("utf-8"))
    found: dict[str, Any] = page.evaluate(RUN, rules)
    assert found["checked"] > 0, f"axe has looked at nothing ({state})"
    said = ["\n  ".join([violation["rule"], *violation["nodes"]]) for violation in found["violations"]]
    if said:
        raise AssertionError(f"{state}:\n" + "\n".join(said))
