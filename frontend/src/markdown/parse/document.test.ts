import fc from "fast-check";
import type { Token } from "marked";
import { describe, expect, it } from "vitest";
import { containers, markdown, noise } from "../testing/arbitrary-markdown";
import { closeInline } from "./close-inline";
import { EMPTY_DOCUMENT, groupsOf, grow, type MarkdownDocument } from "./document";
import { lexBlocks, lexInline } from "./syntax";

function grown(pieces: readonly string[]): MarkdownDocument {
  let text = "";
  let document = EMPTY_DOCUMENT;
  for (const piece of pieces) {
    text += piece;
    document = grow(document, text, "open");
  }
  return grow(document, text, "complete");
}

/** Cuts a text into pieces of these sizes, repeatedly. */
function pieces(text: string, sizes: readonly number[]): readonly string[] {
  const cut: string[] = [];
  for (let at = 0; at < text.length; at += cut.at(-1)?.length ?? 1) {
    cut.push(text.slice(at, at + (sizes[cut.length % sizes.length] ?? 1)));
  }
  return cut;
}

function wholeBlocks(text: string): readonly Token[] {
  const normal = text.replace(/\r\n|\r(?!\n|$)/g, "\n");
  return lexBlocks(normal).tokens.filter(({ type }) => type !== "space" && type !== "def");
}

/** The source of a block without trailing blank lines. */
function sense(tokens: readonly Token[]): unknown {
  return JSON.parse(
    JSON.stringify(tokens, (key, value) =>
      key === "raw" && typeof value === "string" ? value.trimEnd() : value,
    ),
  );
}

const SIZES = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });

describe("a document that grows", () => {
  it.each([
    ["Markdown", markdown],
    ["noise", noise],
    ["fences in containers", containers],
    ["both", fc.tuple(markdown, noise, markdown).map((parts) => parts.join(""))],
  ])("ends as if it had come whole: %s", (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, SIZES, (text, sizes) => {
        const document = grown(pieces(text, sizes));
        expect(sense(groupsOf(document).flat())).toEqual(sense(wholeBlocks(text)));
        expect(document.definitions).toEqual(lexBlocks(text.replace(/\r\n?/g, "\n")).definitions);
      }),
      { numRuns: 300 },
    );
  });

  it("knows which item of a list in a list a fence is in, and that a line outside ends it", () => {
    const text = "- a\n  - b\n\n  ```\n  never closed\n\nso \\[\n\na\n\n+ b\n\n\\]\n\n";
    const document = grown([...text]);
    expect(sense(groupsOf(document).flat())).toEqual(sense(wholeBlocks(text)));
    expect(document.open.at(-1)?.type).toBe("paragraph");
  });

  it("never reads a finished block again", () => {
    const paragraphs = Array.from({ length: 100 }, (_, index) => `Paragraph ${index}\n\n`);
    let document = EMPTY_DOCUMENT;
    let text = "";
    for (const paragraph of paragraphs) {
      const before = groupsOf(document);
      text += paragraph;
      document = grow(document, text, "open");
      expect(document.tail.length).toBeLessThan(40);
      for (const [index, group] of before.slice(0, -2).entries()) {
        expect(groupsOf(document)[index]).toBe(group);
      }
    }
    expect(groupsOf(document)).toHaveLength(7);
  });

  it("is read the same at every moment, whatever was read before", () => {
    fc.assert(
      fc.property(fc.oneof(markdown, containers), SIZES, (text, sizes) => {
        let document = EMPTY_DOCUMENT;
        let shown = "";
        for (const piece of pieces(text, sizes)) {
          shown += piece;
          document = grow(document, shown, "open");
          const anew = grow(EMPTY_DOCUMENT, shown, "open");
          expect(sense(groupsOf(document).flat())).toEqual(sense(groupsOf(anew).flat()));
        }
      }),
      { numRuns: 200 },
    );
  });

  // Quadratic time would exceed the limit of a test.
  it.each([
    "\\[ ",
    "$$",
    "$a",
    "$$x$$ ",
    "\\begin{align}\n",
    "`|",
    "*a ",
    "a**",
    "x_",
    "<",
    "<sub>",
    "<kbd>*a",
  ])("reads 100 kB in linear time: %j", (unit) => {
    const text = unit.repeat(100_000 / unit.length);
    expect(grow(EMPTY_DOCUMENT, text, "open").text).toBe(text);
    const tokens = lexInline(closeInline(text), true);
    expect(tokens.length).toBeGreaterThan(0);
  });

  it("reads an open code block with 200,000 blank lines in linear time", () => {
    const text = `\`\`\`\n${"\n".repeat(200_000)}x`;
    const document = grow(EMPTY_DOCUMENT, text, "open");
    expect(grow(document, `${text}\ny`, "open").open).toMatchObject([{ type: "code" }]);
  }, 10_000);

  it.each(["<details>\n", "> ", "- ", "- a\n  "])("is not nested without end: %j", (unit) => {
    expect(() => grow(EMPTY_DOCUMENT, unit.repeat(5_000), "open")).not.toThrow();
  });

  it("starts over when the text is another one", () => {
    const first = grow(EMPTY_DOCUMENT, "one\n\ntwo\n\nthree", "open");
    const other = grow(first, "other", "open");
    expect(groupsOf(other).flat()).toMatchObject([{ type: "paragraph", text: "other" }]);
  });
});
