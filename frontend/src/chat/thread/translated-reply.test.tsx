// @vitest-environment jsdom
import { cleanup, render } from "@testing-library/react";
import { afterEach, beforeAll, expect, it } from "vitest";
import { Markdown } from "../../markdown/markdown";
import { allowBrowserTranslation } from "../../ui/browser-translation";
import { insertAndRemove, replaceAtOnce, translate } from "../../ui/testing/browser-translation";

beforeAll(() => {
  allowBrowserTranslation(document.body);
});
afterEach(cleanup);

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
