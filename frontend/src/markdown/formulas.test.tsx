import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { everyCut, formulas, html, visible } from "./testing/drawn";

const DISPLAYED = [
  ["equals sign", "$$\nE\n=\nh \\nu\n$$"],
  ["minus signs", "\\[\na\n- b\n- c\n\\]"],
  ["plus signs", "$$\na\n+ b\n$$"],
  ["greater-than sign", "$$\nu\n> v\n$$"],
  ["number sign", "\\[\nu\n# v\n\\]"],
  ["numbered lines", "$$\nx =\n1. y\n$$"],
  ["rule", "$$\na\n---\nb\n$$"],
  ["pipes", "$$\n| a |\n|---|\n| b |\n$$"],
  ["blank line", "\\[\na\n\n= b\n\\]"],
  ["line breaks with space", "\\[\na \\\\[2pt]\n- b\n\\]"],
  ["environment", "\\begin{gather*}\na = 1 \\\\\n- b = 2\n\\end{gather*}"],
  ["environment of equations", "\\begin{align}\nx &= y \\\\\n  &= z\n\\end{align}"],
  ["environment in dollars", "$$\n\\begin{aligned}\na &= b \\\\\n- c\n\\end{aligned}\n$$"],
] as const;

const prefixed = (prefix: string) => (text: string) => text.replace(/^/gm, prefix);

const AROUND = [
  ["alone", (formula: string) => formula],
  ["after a line of text", (formula: string) => `Here it is:\n${formula}\nso much for it.`],
  ["in a list", (formula: string) => `- one\n- two:\n${prefixed("  ")(formula)}\n- three`],
  ["in a list, unindented", (formula: string) => `1. one:\n${formula}\n2. two`],
  ["first in a list item", (formula: string) => `- ${prefixed("  ")(formula).trimStart()}\n- two`],
  ["in a quote", (formula: string) => prefixed("> ")(`so:\n\n${formula}`)],
  ["in a quote in a list", (formula: string) => `- so:\n\n${prefixed("  > ")(formula)}\n- b`],
] as const;

const kinds = (markup: string) =>
  ["h1", "h3", "h4", "hr", "table"].filter((name) => markup.includes(`<${name}`));

const lines = (tex = "") =>
  tex
    .replace(/^\$\$|^\\\[|\$\$$|\\\]$/g, "")
    .trim()
    .split("\n")
    .map((line) => line.trim());

describe("a formula of several lines", () => {
  describe.each(AROUND)("%s", (_, around) => {
    it.each(DISPLAYED)("stays whole: %s", (name, formula) => {
      const text = around(formula);
      const [drawn, ...more] = formulas(text);
      expect(lines(drawn)).toEqual(lines(formula));
      expect(more).toEqual([]);
      const whole = html(text);
      expect(kinds(whole)).toEqual([]);
      if (name === "blank line") return;
      for (const cut of everyCut(text).filter((part) => /\n.{0,3}$/.test(part))) {
        const markup = html(cut, "open");
        expect(kinds(markup), cut).toEqual([]);
        for (const tag of ["<li", "<blockquote", "<p>"]) {
          expect(markup.split(tag).length, cut).toBeLessThanOrEqual(whole.split(tag).length);
        }
      }
    });
  });

  it("does not hold back the reply when it is never closed", () => {
    const text = "It was \\[ as it is\n\nwritten\n\n$$\n\nThese are three more words.\n\nEnd";
    expect(visible(`${text}\n\n`, "open")).toContain("These are three more words.");
    expect(visible(text)).toContain("It was [ as it is");
    expect(visible(text)).toContain("$$");
  });

  it("does not reach into code", () => {
    const text = "```sh\nkill $$\n```\n\n- one\n- `$$`\n- $$ two\n\n```sh\necho $$\n```\n";
    expect(formulas(text)).toEqual([]);
    expect(html(text).match(/<li/g)).toHaveLength(3);
  });

  it("is the same whether it comes whole or in pieces", () => {
    const parts = fc.constantFrom(
      ...DISPLAYED.map(([, formula]) => formula),
      "$$",
      "\\[",
      "text\n",
    );
    const around = fc.constantFrom(...AROUND.map(([, place]) => place));
    fc.assert(
      fc.property(fc.array(fc.tuple(parts, around), { minLength: 1, maxLength: 4 }), (blocks) => {
        const text = blocks.map(([part, place]) => place(part)).join("\n\n");
        const shown = everyCut(text).map((cut) => formulas(cut, "open").length);
        expect(shown.every((count, index) => count >= (shown[index - 1] ?? 0))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});

describe("dollars", () => {
  it.each([
    "The price is in US$/kg and not in US$/lb.",
    "It takes 15$/day or 20$/night.",
    "HK$/day, HK$/week, 5$–6$",
    "It was $148+ → $19 (~$1,550), later $15.4/month, ~$0.79/m³ and $300/t.",
    "A$100/C$90 and $5–$10, $5-$10, **$5**/**$6**, from $68K-$76K.",
    "R$ 12,90 a kilo, R$ 15,83",
    "add $HOME/bin:$PATH to it, or $GOPATH/bin:$HOME",
    "it is $FIRST_NAME/$LAST_NAME",
    'not \'$API_KEY\', but $OTHER_KEY or "$THIRD"/"$FOURTH"',
    "$".concat("{HOME}/.cache/$", "{USER}"),
    "$this->$name, $a,$b, $x=$y, $user@$host and $first$second",
    "$(hostname)-$(date)",
    "echo $$ prints the process and kill $$ ends it",
    "$ is cheap, $$ is fair, $$$ is dear",
    "- Price: $$\n- Rating: 4\n- Price: $$",
    "| $$ | it |\n|---|---|\n| $$ | it |",
    "| $5 | $10 |\n|---|---|\n| US$ | $a |",
  ])("are dollars: %s", (text) => {
    for (const cut of everyCut(text)) expect(formulas(cut, "open"), cut).toEqual([]);
    expect(formulas(text)).toEqual([]);
    expect(visible(text).match(/\$/g)).toEqual(text.match(/\$/g));
  });

  it.each([
    ["$x$ and $n$th, $x_i$s", ["x", "n", "x_i"]],
    ["$A^*$-algebra, ($f(x)$)", ["A^*", "f(x)"]],
    ["值为$x$时，$y$的", ["x", "y"]],
    ["$\\$5$ and $50\\%$ of $2 \\sin x$", ["\\$5", "50\\%", "2 \\sin x"]],
    ["$5 + 3 = 8$, $$x$$", ["5 + 3 = 8", "x"]],
  ])("are formulas: %s", (text, expected) => {
    expect(formulas(text)).toEqual(expected);
  });
});

describe("brackets with backslashes", () => {
  it.each([
    ["write \\( to open and \\) to close", "write ( to open and ) to close"],
    ["between \\( and \\), or \\[ and \\]", "between ( and ), or [ and ]"],
    ["see \\[3\\], \\[^4\\] and \\[link\\]", "see [3], [^4] and [link]"],
    ["match \\[a-z\\]+, \\[A-Z0-9_\\] or \\(foo|bar\\)", "match [a-z]+, [A-Z0-9_] or (foo|bar)"],
    ["D:\\[name\\] and call\\(it\\)", "D:[name] and call(it)"],
    ["**\\[name\\]** of it", "[name] of it"],
    ["- \\[ \\] to do", "[ ] to do"],
    ["- \\[x\\] done", "[x] done"],
    ["\\\\(x\\\\) and \\\\[y\\\\]", "\\(x\\) and \\[y\\]"],
  ])("are brackets: %s", (text, expected) => {
    expect(formulas(text)).toEqual([]);
    expect(visible(text).trim()).toBe(expected);
    for (const cut of everyCut(text)) expect(formulas(cut, "open"), cut).toEqual([]);
  });

  it.each([
    ["so \\(x\\), \\( y \\), \\(AB\\) and \\(|v|\\)", ["x", "y", "AB", "|v|"]],
    ["\\[x\\]", ["x"]],
    ["thus\n\\[ x \\].\nand", ["x"]],
    ["then \\[a = b\\] and \\[x_1\\] and \\[\\frac12\\] hold", ["a = b", "x_1", "\\frac12"]],
    ["A = \\begin{bmatrix} 1 & 2 \\end{bmatrix}.", ["\\begin{bmatrix} 1 & 2 \\end{bmatrix}"]],
    ["from \\([0, 1]\\) to \\((a, b)\\)", ["[0, 1]", "(a, b)"]],
  ])("are formulas: %s", (text, expected) => {
    expect(formulas(text)).toEqual(expected);
  });
});
