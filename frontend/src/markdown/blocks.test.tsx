import { describe, expect, it } from "vitest";
import { everyCut, formulas, html, visible } from "./testing/drawn";

const rows = (text: string) =>
  [...html(text).matchAll(/<tr>(.*?)<\/tr>/g)].map(([, row = ""]) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/g)].map(([, cell = ""]) =>
      cell.replace(/<code class="formula-awaited" data-tex="([^"]*)"><\/code>/g, "$$$1$$"),
    ),
  );

describe("the cells of a table", () => {
  it.each([
    ["| $P(B|A)$ | given |", ["$P(B|A)$", "given"]],
    ["| $|y|$ | size |", ["$|y|$", "size"]],
    ["| \\(|w|\\) | length |", ["$|w|$", "length"]],
    ["| `x | y` | or |", ["<code>x | y</code>", "or"]],
    ["| ``x ` | y`` | or |", ["<code>x ` | y</code>", "or"]],
    ["| `x \\| y` | or |", ["<code>x | y</code>", "or"]],
    ["| a \\| b | or |", ["a | b", "or"]],
    ["| $5 | $10 |", ["$5", "$10"]],
    ["| $a | $b |", ["$a", "$b"]],
    ["| ` | ` |", ["`", "`"]],
    ["| a || b | or |", ["a", "| b | or"]],
    ["| a | b | c | d |", ["a", "b | c | d"]],
    ["| a |", ["a", ""]],
    ["| | b |", ["", "b"]],
    ["a | b", ["a", "b"]],
  ])("are all there: %s", (row, cells) => {
    expect(rows(`| one | two |\n|---|---|\n${row}`)[1]).toEqual(cells);
  });

  it("are all there in the header", () => {
    expect(rows("| `a | b` | $|c|$ |\n|---|:-:|\n| 1 | 2 |")).toEqual([
      ["<code>a | b</code>", "$|c|$"],
      ["1", "2"],
    ]);
  });

  it("do not change places while they come", () => {
    const text = "| `a | b` | $P(c|d)$ | e |\n|---|---|---|\n| `f | g` | $|h|$ | i |";
    let seen = "";
    for (const cut of everyCut(text)) {
      const now = visible(cut, "open").replace(/\s/g, "");
      expect(now.startsWith(seen), `${cut} => ${now}, not ${seen}`).toBe(true);
      seen = now;
    }
    expect(seen).toBe("a|bef|gi");
    expect(formulas(text)).toEqual(["P(c|d)", "|h|"]);
  });

  it("are not taken for those of a complete row before the row is complete", () => {
    const text = "| a | b |\n|---|---|\n| $P(c|d)$ | e |";
    for (const cut of everyCut(text)) expect(visible(cut, "open")).not.toMatch(/[Pcd]/);
  });
});

it("finds no tags in the code of details, and shows none before them", () => {
  const text =
    "<details><summary>One</summary>\n\n```html\n</details>\n```\n\ntwo\n\n</details>\n\nend";
  expect(html(text)).toMatch(/<summary>One<\/summary>.*<p>two<\/p>.*<\/details>.*<p>end<\/p>/s);
  for (const cut of everyCut(text.slice(0, 30))) expect(visible(cut, "open")).not.toContain("<");
});

const code = (text: string) =>
  [...html(text).matchAll(/<pre[^>]*><code>(.*?)<\/code><\/pre>/gs)].map(([, part = ""]) =>
    part.replace(/<[^>]*>/g, "").replace(/&quot;/g, '"'),
  );

describe("a fence in a fence of the same length", () => {
  const around = (inside: string, fence = "```") =>
    `Before:\n\n${fence}markdown\n${inside}\n${fence}\n\nAfter.`;

  it.each([
    ["a language", "# One\n\n```sh\nls\n```\n\nTwo."],
    ["several", "```js\na\n```\n\n```py\nb\n```"],
    ["no language", "# One\n\n```\nls\n```\n\nTwo."],
    ["Markdown in it", "```md\n# One\n\n```sh\nls\n```\n\nTwo\n```\n\nThree"],
    ["a list", "- one\n\n```sh\nls\n```"],
    ["a colon before it", "So:\n```\nls\n```\nTwo."],
  ])("is part of the Markdown: %s", (_, inside) => {
    for (const fence of ["```", "~~~", "````"]) {
      const text = around(inside.replaceAll("```", fence), fence);
      expect(code(text)).toEqual([inside.replaceAll("```", fence)]);
      expect(html(text)).toContain("<p>After.</p>");
      for (const cut of everyCut(text).filter((part) => part.endsWith("\n"))) {
        expect(html(cut, "open")).not.toMatch(/<h\d|<li/);
      }
    }
  });

  it("is part of it if it is longer", () => {
    expect(code(around("````sh\nls\n```\n````\nTwo"))).toEqual(["````sh\nls\n```\n````\nTwo"]);
  });

  it("is part of it in lists and quotes", () => {
    const text = around("```sh\nls\n```\n\nTwo.");
    expect(code(text.replace(/^/gm, "> "))).toEqual(["```sh\nls\n```\n\nTwo."]);
    expect(code(`- ${text.replace(/\n/g, "\n  ")}`)).toEqual(["```sh\nls\n```\n\nTwo."]);
  });

  it.each([
    ["code that is not Markdown", "```\na\n```js\nb\n```\n\nEnd.", ["a\n```js\nb"]],
    ["a shorter one", "````md\n```sh\nls\n````\n\nEnd.", ["```sh\nls"]],
    ["another character", "```md\n~~~sh\nls\n```\n\nEnd.", ["~~~sh\nls"]],
    ["none", "```md\n# One\n```\nEnd.\n\n```\nls\n```", ["# One", "ls"]],
  ])("is CommonMark's otherwise: %s", (_, text, blocks) => {
    expect(code(text)).toEqual(blocks);
    expect(html(text)).toMatch(/<p>End\.<\/p>/);
  });
});
