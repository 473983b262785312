// @vitest-environment jsdom
import { act, cleanup, render, waitFor } from "@testing-library/react";
import temml from "temml";
import { afterEach, expect, it, vi } from "vitest";
import { Markdown } from "./markdown";
import { hostile } from "./testing/hostile";

afterEach(cleanup);

// jsdom has no MathML.
Object.defineProperty(Element.prototype, "style", { value: {}, configurable: true });

const DRAWN = new Set(
  "a blockquote br button code del details div em h3 h4 h5 h6 hr input kbd li ol p pre span strong sub summary sup table tbody td th thead tr ul".split(
    " ",
  ),
);
const ATTRIBUTES =
  /^(aria-[a-z]+|checked|class|data-[a-z]+|dir|disabled|href|id|rel|role|start|style|tabindex|target|title|type)$/;
const WHERE_LINKS_LEAD = /^(https?:\/\/|mailto:|#)/;

/** The violations in the rendered DOM. */
function wrongs(container: Element): readonly string[] {
  const icons = [...container.querySelectorAll("button svg")];
  const formulas = [...container.querySelectorAll("math")];
  const ours = (element: Element) => [...icons, ...formulas].some((part) => part.contains(element));
  const violations: string[] = [];
  for (const element of container.querySelectorAll("*")) {
    const { localName } = element;
    if (!ours(element) && !DRAWN.has(localName)) violations.push(`<${localName}>`);
    if (/^(script|style|iframe|img|image|a|annotation-xml)$/.test(localName) && ours(element)) {
      violations.push(`<${localName}> inside`);
    }
    for (const { name, value } of element.attributes) {
      if (/^on|^(src|srcset|action|formaction|xlink:href)$/.test(name)) violations.push(name);
      if (!ours(element) && !ATTRIBUTES.test(name)) violations.push(name);
      if (name === "href" && !WHERE_LINKS_LEAD.test(value)) violations.push(value);
      if (name === "style" && /url|fixed/.test(value)) violations.push(value);
    }
  }
  return violations;
}

it("lets no formula take the page along", async () => {
  const broken = vi.spyOn(temml, "render").mockImplementation(() => {
    throw new TypeError("broken");
  });
  const { container } = await act(async () =>
    render(<Markdown text="so $x^2$ is" end="complete" />),
  );
  await waitFor(() => expect(broken).toHaveBeenCalled());
  expect(container.textContent).toContain("so x^2 is");
});

it("draws what is nested without end as text, whole or while it comes", () => {
  for (const text of [`${">".repeat(3_000)} x`, `${"- ".repeat(2_000)}x`, "*a ".repeat(3_000)]) {
    for (const end of ["open", "complete"] as const) {
      const { container, unmount } = render(
        <Markdown text={`Before.\n\n${text}\n\nAfter.`} end={end} />,
      );
      expect(container.textContent).toContain("Before.");
      expect(container.textContent).toContain("After.");
      unmount();
    }
  }
});

it("draws nothing that runs, loads or leads astray, whole or while it comes", async () => {
  for (const text of hostile) {
    const { container, rerender, unmount } = render(<Markdown text="" end="open" />);
    for (let length = 1; length <= text.length; length += 3) {
      rerender(<Markdown text={text.slice(0, length)} end="open" />);
      expect(wrongs(container), text.slice(0, length)).toEqual([]);
    }
    rerender(<Markdown text={text} end="complete" />);
    await waitFor(() => expect(container.querySelector(".formula-awaited")).toBeNull(), {
      timeout: 10_000,
    });
    expect(wrongs(container), text).toEqual([]);
    unmount();
  }
});
