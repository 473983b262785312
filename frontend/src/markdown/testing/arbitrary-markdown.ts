import fc from "fast-check";

const INLINE = fc.constantFrom(
  "plain words",
  "some **bold** text",
  "an *italic* word and `code_span`",
  "a [link](https://example.org/a_b)",
  "![image](https://example.org/i.png) here",
  "***both*** of ~~them~~",
  "formula $x^2$ and \\(y_1\\)",
  "snake_case_name and 2 * 3 * 4",
  "costs $5 and $10",
  "see [1] or [this][1]",
  "<b>html</b> & &amp;",
  "https://example.org/path",
  "one\\*escaped\\*",
  "1984 was a year.",
  "H<sub>2</sub>O and <kbd>a</kbd>",
  "**강조(a)**는 and $HOME/$USER or \\[1\\]",
  "访问https://example.org/a，然后",
  "a note[^1], another[^two] and [^a-z]",
);

const indented = (by: string) => (block: string) =>
  block
    .split("\n")
    .map((line) => (line === "" ? line : by + line))
    .join("\n");

const LEAF = fc.oneof(
  { weight: 4, arbitrary: INLINE },
  fc.tuple(INLINE, INLINE).map(([a, b]) => `${a}\n${b}`),
  fc.tuple(fc.integer({ min: 1, max: 6 }), INLINE).map(([n, text]) => `${"#".repeat(n)} ${text}`),
  INLINE.map((text) => `${text}\n---`),
  INLINE.map((text) => `${text}\n===`),
  fc.constantFrom("---", "***", "___", "- - -"),
  fc.constantFrom(
    "```python\nprint(1)\n\n\nprint(2)\n```",
    "~~~\ntilde ``` inside\n~~~",
    "````md\n```js\nnested\n```\n````",
    "    indented\n\n    code",
    "```\nnever closed\n\nstill code",
  ),
  fc.constantFrom(
    "| a | b |\n|---|:-:|\n| 1 | **2** |\n| 3 |",
    "a | b\n--- | ---\n1 | 2",
    "| only a header |",
  ),
  fc.constantFrom(
    "<div>\n**x**\n\ny</div>",
    "<!-- comment\n\nmore -->",
    "<script>\nalert(1)\n</script>",
  ),
  fc.constantFrom("[1]: https://example.org", "[2]: <https://example.org> 'title'"),
  fc.constantFrom("[^1]: the note\ngoes on", "[^two]: a note\n\n    with more\n[^1]: another"),
  fc.constantFrom(
    "$$\nx = 1\n$$",
    "\\[\na + b\n\\]",
    "$$\nx\n= 1\n- 2\n$$",
    "so \\[\n\na\n\n+ b\n\n\\]",
    "\\begin{align}\na &= b \\\\\n- c\n\\end{align}",
    "$$\nnever closed",
    "kill $$ it",
  ),
  fc.constantFrom(
    "<details>\n<summary>More *of* it</summary>\n\nhidden\n\n</details>",
    "<details>\n\nnever closed",
    "```md\n# a\n\n```js\nb\n```\n\nc\n```",
    "| $|a|$ | `b | c` |\n|---|---|\n| 1 | 2 | 3 |",
  ),
);

const CONTAINER = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("-", "*", "+", "1.", "2)"),
      fc.array(LEAF, { minLength: 1, maxLength: 3 }),
    )
    .map(([marker, leaves]) =>
      leaves
        .map((leaf) => `${marker} ${indented(" ".repeat(marker.length + 1))(leaf).trimStart()}`)
        .join("\n"),
    ),
  LEAF.map(indented("> ")),
  LEAF.map((leaf) => `> - ${leaf}\n>\n> lazy\ncontinuation`),
  LEAF.map((leaf) => `- outer\n\n  ${indented("  ")(leaf).trimStart()}\n  - inner\n\n    deeper`),
  INLINE.map((text) => `- [ ] to do\n- [x] ${text}`),
);

const SEPARATOR = fc.constantFrom("\n\n", "\n", "\n\n\n", "\n \t\n", "\n\n  ");

/** Markdown as models write it, with everything that makes the end of a block hard to find. */
export const markdown: fc.Arbitrary<string> = fc
  .array(fc.tuple(fc.oneof(LEAF, CONTAINER), SEPARATOR), { minLength: 1, maxLength: 7 })
  .map((parts) => parts.flat().join(""));

const OPENED = fc.constantFrom(
  "```\ncode",
  "~~~\na\n\nb",
  "```js\nx\n\ny\n```",
  "```md\n```js\na\n```\n\nb\n```",
  "$$\nx\n- y\n$$",
  "\\[\na\n\n+ b\n\\]",
  "kill $$ it",
  "    code $$",
  "words",
);

const prefixed = (first: string, rest: string) => (block: string) =>
  first + block.replaceAll("\n", `\n${rest}`);

const AROUND = fc.constantFrom(
  prefixed("> ", "> "),
  prefixed("- ", "  "),
  prefixed("1. ", "   "),
  prefixed("> - ", ">   "),
  prefixed("- > ", "  > "),
  prefixed("    ", ""),
);

/** Fences and formulas in quotes and list items of all kinds. */
export const containers: fc.Arbitrary<string> = fc
  .array(
    fc.tuple(OPENED, fc.array(AROUND, { maxLength: 2 }), SEPARATOR).map(([block, around, end]) => {
      return around.reduce((text: string, wrap) => wrap(text), block) + end;
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((blocks) => blocks.join(""));

/** Text of Markdown syntax only. */
export const noise: fc.Arbitrary<string> = fc.string({
  unit: fc.constantFrom(..."\n\n\n  -*#`>|[]()$~_=+:\\<ab1.\r\t"),
  maxLength: 80,
});
