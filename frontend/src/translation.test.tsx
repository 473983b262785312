// @vitest-environment jsdom
import { cleanup, render } from "@testing-library/react";
import { afterEach, beforeAll, expect, it } from "vitest";
import { Markdown } from "./markdown/markdown";
import { allowTranslation } from "./translation";

beforeAll(() => {
  allowTranslation(document.body);
});
afterEach(cleanup);

/** Puts each text into elements, as browsers do that translate a page. */
async function translate(container: Element, put: (text: Text, font: Element) => void) {
  const walker = document.createTreeWalker(container, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  for (const text of texts.filter(({ data }) => data.trim() !== "")) {
    if (text.parentElement?.localName === "font") continue;
    const [outer, inner] = [document.createElement("font"), document.createElement("font")];
    inner.textContent = text.data.toUpperCase();
    outer.append(inner);
    put(text, outer);
  }
  await Promise.resolve();
}

const replaceAtOnce = (text: Text, font: Element) => text.replaceWith(font);

function insertAndRemove(text: Text, font: Element): void {
  text.parentNode?.insertBefore(font, text);
  text.remove();
}

const REPLY =
  "# One *two* three\n\nSome **bold [li*n*k](https://example.org) text** and `code`, a note[^1] and <br> it.\n\n" +
  "- one\n- two `three` *four*\n\n| a | *b* |\n|---|---|\n| c d | e |\n\n```js\nlet a = 1;\nlet b = 2;\n```\n\n" +
  "See [x][1] and [y][2] now.\n\n[1]: https://example.org\n[^1]: Note\n";

it.each([
  ["at once", replaceAtOnce],
  ["in two steps", insertAndRemove],
])(
  "a reply that is translated while it grows stays whole: texts are replaced %s",
  async (_, put) => {
    const whole = render(<Markdown text={REPLY} end="complete" />);
    const expected = whole.container.textContent?.toUpperCase();
    whole.unmount();
    const { container, rerender, unmount } = render(<Markdown text="" end="open" />);
    for (let length = 1; length < REPLY.length; length += 3) {
      rerender(<Markdown text={REPLY.slice(0, length)} end="open" />);
      if (length % 2 === 0) await translate(container, put);
    }
    rerender(<Markdown text={REPLY} end="complete" />);
    await translate(container, put);
    expect(container.textContent?.toUpperCase()).toBe(expected);
    expect(container.querySelectorAll("font").length).toBeGreaterThan(10);
    unmount();
  },
);

function Parts({ parts }: { parts: readonly string[] }) {
  return (
    <p>
      {parts.map((part) => (
        <Part key={part} text={part} />
      ))}
    </p>
  );
}

const Part = ({ text }: { text: string }) => text;

it.each([replaceAtOnce, insertAndRemove])("texts can be added, moved and removed", async (put) => {
  const { container, rerender } = render(<Parts parts={["a", "b", "c"]} />);
  const steps = [["b", "c"], ["c", "d", "b"], ["e", "c"], ["f", "e", "g"], [], ["h", "i"]];
  for (const parts of steps) {
    await translate(container, put);
    await translate(container, put);
    rerender(<Parts parts={parts} />);
    expect(container.textContent?.toUpperCase()).toBe(parts.join("").toUpperCase());
  }
});
