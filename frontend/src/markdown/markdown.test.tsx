import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { markdown, noise } from "./testing/arbitrary-markdown";
import { everyCut, html, inventsNothing, visible } from "./testing/drawn";

const letters = (text: string) => text.replace(/[^A-Za-z]/g, "");

describe("Markdown that is still growing", () => {
  it("only ever adds to what is seen", () => {
    fc.assert(
      fc.property(markdown, (text) => {
        let seen = "";
        for (const cut of everyCut(text)) {
          const now = letters(visible(cut, "open"));
          if (!now.startsWith(seen)) expect(`${cut}\n=> ${now}`).toBe(`${cut}\n=> ${seen}`);
          seen = now;
        }
        expect(letters(visible(text, "complete")).startsWith(seen)).toBe(true);
      }),
      {
        numRuns: 40,
        examples: [
          ["> <details>\n> <summary>More *of* it</summary>\n>\n> hidden\n>\n> </details>"],
          ["kill $$ it\n\n$$\nx\n$$\n\n> kill $$ it\n>\n\\[\na\n\\]"],
          ["- kill $$ it\n- <div>\n  **x**\n- $$\n  x\n  $$"],
          ["    \\begin{align}\n    a\n\nso $$x = \\text{if any word}$$"],
          ["See [$5](https://example.org/?x=$6)."],
          ["- a\n  <details>\n  <summary>More *of* it</summary>\n\n  hidden\n\n  </details>"],
        ],
      },
    );
  });

  it("shows at every moment only what was written", () => {
    const both = fc.tuple(noise, markdown, noise).map((parts) => parts.join(""));
    const text = fc.oneof({ weight: 3, arbitrary: noise }, both);
    const cuts = fc.array(fc.nat(), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(text, cuts, (written, lengths) => {
        // A character reference is shown as its character.
        const plain = written.replaceAll("&amp;", "&");
        for (const length of lengths) {
          const cut = plain.slice(0, length % (plain.length + 1));
          if (!inventsNothing(cut)) expect(visible(cut, "open")).toBe(cut);
        }
      }),
    );
  });

  it.each([
    "The pattern *.md fits, but 2 * 2 does not, and **kwargs neither.",
    "Set a_1 and _b to `x` or ``y`z``, not `` ` or *`*",
    "| a | *b |\n| 1 | **2 |\n| 3 |\n\n~~a* _b** ~~c",
    "| a | b |\n|---|---|\n| 1 | 2 |\n \t\n| a | b |\n|---|---|\n| 3 | 4 |\n",
    "So *a **b ***c _d __e ~~f [g](h*) *",
    "***a** b*** **c*d** *e**f* **「g*」**h",
    "a\n|-\n| b\n\n_\n|:-:|\n\na | b\n|-|-|\n| c",
    "See [a *b] c* and [d][e] or ![f *g](h",
    "It is $5-$10, $x, *$y* or \\(z* \\) *",
  ])("shows nothing else while it comes: %s", (text) => {
    expect(everyCut(text).filter((cut) => !inventsNothing(cut))).toEqual([]);
  });

  it.each([
    ["bold", "Some **bold words** here"],
    ["italic", "An *italic word* and _another one_ too"],
    ["both", "So ***very much*** so"],
    ["code", "Call `read()` or ``a ` b`` now".replace(" ` ", " ")],
    ["strike", "Not ~~this one~~ that"],
    ["link", "See [the page](https://example.org/a_(b)) for more"],
    ["link in bold", "**See [the page](https://example.org) now** please"],
    ["bold in link", "A [**bold** link](https://example.org) here"],
    ["image", "Look: ![a spring](https://example.org/spring.png) nice"],
    ["heading", "### A heading\n\ntext"],
    ["list", "- one\n- **two**\n  - three\n\nend"],
    ["numbers", "1. one\n2. two\n10. ten\n"],
    ["tasks", "- [ ] open\n- [x] done\n"],
    ["quote", "> said\n> twice\n>\n> > again\n"],
    ["rule", "above\n\n---\n\nbelow\n\n***\n\nend"],
    ["fence", "Look:\n\n```python\nx = 1\n```\n\nend"],
    ["fence in list", "- item\n\n  ```js\n  let x\n  ```\n- next"],
    ["table", "| One | **Two** |\n|:----|----:|\n| a | `b` |\n| c | d |\n\nend"],
    ["table after text", "Here it is:\n| One | Two |\n| --- | --- |\n| a | b |\n"],
    [
      "bold in Japanese",
      "これは**「重要」**です。**注意：**必ず。\n\n- **要点：**内容\n- *“引用”*的\n\nend",
    ],
    ["table in a list", "- x\n\n  | a | b |\n  |---|---|\n  | 1 | 2 |\n\nend"],
    ["definition", "See.\n\n[label]: https://example.org\n\nend"],
    [
      "reference",
      "See [the *page*][1] ([it][], ![a spring][one]).\n\nend\n\n[1]: https://example.org\n[it]: /it\n[one]: /one\n",
    ],
    ["footnote", "A note[^1] and [^one-more].\n\n[^1]: It *says* this.\n[^one-more]: And that.\n"],
    ["escape", "five \\* stars"],
    ["formula", "so $x^2 + y$ is\n\n$$\nz = a/b\n$$\n\nand \\(a_1\\) too \\[b^2\\] end"],
  ])("never shows raw syntax: %s", (name, text) => {
    const allowed =
      name === "escape" ? /[`#|[\]~$\\]|^-|\]\(/ : /[*`#|[\]~$\\]|^[->]|\d[.)]|\]\(|==|--/;
    for (const cut of everyCut(text)) {
      expect(visible(cut, "open"), JSON.stringify(cut)).not.toMatch(allowed);
    }
  });

  it.each([
    ["setext trap", "a paragraph\n-", "a paragraph\n--"],
    ["rule", "a paragraph\n\n--", "a paragraph\n\n---"],
    ["list marker", "a paragraph\n\n-", "a paragraph\n\n- "],
  ])("holds a line back that may be anything: %s", (_, ...cuts) => {
    for (const cut of cuts) expect(html(cut, "open")).not.toMatch(/<h\d|<hr|<li/);
  });

  it("knows emphasis between Asian letters, and intraword underscores", () => {
    const drawn = html("これは**「重要」**です。**注意：**必ず「_強調_」 a_b_c");
    expect(drawn).toContain("<strong>「重要」</strong>です");
    expect(drawn).toContain("<strong>注意：</strong>必ず");
    expect(drawn).toContain("「<em>強調</em>」 a_b_c");
  });

  it("draws a table from its header on", () => {
    expect(visible("Name | Value\n--- | -", "open")).not.toContain("--");
    expect(html("| One | Tw", "open")).toContain("<th>Tw");
    expect(html("| One | Two |\n|-", "open")).toContain("<table>");
  });

  it("shows money as it comes", () => {
    expect(visible("It costs $5 and then", "open")).toContain("It costs $5 and then");
  });

  it.each(["It is $5-$10 now", "from $10, or US$20–$30 each", "$5/$10"])(
    "takes no prices for a formula: %s",
    (text) => {
      for (const cut of everyCut(text)) expect(html(cut, "open"), cut).not.toContain("formula");
    },
  );

  it("has exactly one cursor, wherever the text stands", () => {
    fc.assert(
      fc.property(markdown, fc.nat(), (text, at) => {
        const cut = text.slice(0, at % (text.length + 1));
        expect(html(cut, "open").split("typing-cursor").length - 1).toBe(2);
        expect(html(cut, "complete")).not.toContain("typing-cursor");
      }),
    );
  });
});

describe("Markdown from a model", () => {
  it("treats HTML as text", () => {
    const drawn = html("<img src=x onerror=alert(1)>\n\n<script>alert(1)</script> <b>x</b>");
    expect(drawn).not.toMatch(/<(img|script|b)\b/);
    expect(visible("a <b>x</b>", "complete")).toContain("a <b>x</b>");
  });

  it.each([
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "/api/models",
    "vbscript:x",
  ])("does not link to %s", (address) => {
    expect(html(`[here](<${address}>) ![image](<${address}>)`)).not.toContain("<a");
  });

  it("opens links elsewhere, and tells them nothing", () => {
    expect(html("[here](https://example.org)")).toContain(
      '<a href="https://example.org/" target="_blank" rel="noopener noreferrer">here</a>',
    );
  });

  it("loads no images", () => {
    const drawn = html("![a spring](https://example.org/a.png)");
    expect(drawn).not.toContain("<img");
    expect(drawn).toContain('href="https://example.org/a.png"');
  });

  it("finds what a reference means, even when that is said later", () => {
    const text = "See [the page][1] and [other].\n\n[1]: https://example.org/one\n";
    expect(html(text)).toContain('<a href="https://example.org/one"');
    expect(visible(text, "complete")).toContain("and [other].");
    expect(visible("See [the page][1] in a[i][j]", "open")).toContain("See the page in a[i][j]");
    expect(visible("See [the page][1]", "cut")).toContain("See [the page][1]");
  });

  it("leads to footnotes, and lets what is none be text", () => {
    const drawn = html("One[^1], none[^a-z].\n\n[^1]: What it says,\n    at *length*.\n");
    const [, id] = /<a href="#([^"]+)" role="doc-noteref">1<\/a>/.exec(drawn) ?? [];
    expect(drawn).toContain(`<div id="${id}" role="doc-footnote"`);
    expect(drawn).toContain("<em>length</em>");
    expect(drawn).toContain("none[^a-z].");
  });

  it("reads character references once", () => {
    expect(visible("a &amp; b &lt; c &mdash; d &amp;lt;", "complete")).toContain(
      "a & b < c — d &lt;",
    );
  });

  it("keeps code out of everything", () => {
    const text = "```html\n<b>&amp;</b> **x** $y$\n```";
    expect(visible(text, "complete")).toContain("<b>&amp;</b> **x** $y$");
  });
});
