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
