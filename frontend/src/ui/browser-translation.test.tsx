// @vitest-environment jsdom
import { cleanup, render } from "@testing-library/react";
import { afterEach, beforeAll, expect, it } from "vitest";
import { allowBrowserTranslation } from "./browser-translation";
import { insertAndRemove, replaceAtOnce, translate } from "./testing/browser-translation";

beforeAll(() => {
  allowBrowserTranslation(document.body);
});
afterEach(cleanup);

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

const fontsIn = (container: Element) => [...container.querySelectorAll("p > font")];

const backAtOnce = (font: Element, text: Text) => font.replaceWith(text);

function insertAndRemoveBack(font: Element, text: Text): void {
  font.before(text);
  font.remove();
}

it.each([backAtOnce, insertAndRemoveBack])(
  "texts can be removed after the translation was taken back",
  async (putBack) => {
    const { container, rerender } = render(<Parts parts={["a", "b"]} />);
    const texts = [...(container.firstElementChild?.childNodes ?? [])] as Text[];
    await translate(container, replaceAtOnce);
    for (const [index, font] of fontsIn(container).entries()) putBack(font, texts[index] as Text);
    await Promise.resolve();
    expect(container.textContent).toBe("ab");
    rerender(<Parts parts={["b"]} />);
    expect(container.textContent).toBe("b");
    await translate(container, replaceAtOnce);
    expect(container.textContent).toBe("B");
    rerender(<Parts parts={[]} />);
    expect(container.textContent).toBe("");
  },
);

it("a text that is removed beside a translated one does not take over what stands for that", async () => {
  const { container, rerender } = render(<Parts parts={["a"]} />);
  await translate(container, replaceAtOnce);
  rerender(<Parts parts={["a", "b"]} />);
  rerender(<Parts parts={["a"]} />);
  await Promise.resolve();
  const [font] = fontsIn(container);
  const another = document.createElement("font");
  another.textContent = "other words";
  font?.replaceWith(another);
  await Promise.resolve();
  rerender(<Parts parts={["c"]} />);
  expect(container.textContent).toBe("c");
});
