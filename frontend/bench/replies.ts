const PROSE =
  "A river begins wherever **water** gathers faster than the ground can drink it, and `springs` are only the [best known](https://example.org) of such places. Walk up one and you will see why: the path of the water splits, and splits again.\n\n";
const LIST = "- rain soaks in,\n- it travels for *years*,\n- it comes out cold.\n\n";
const TABLE =
  "| Spring | Country | Flow |\n|---|---|---:|\n| Vaucluse | France | 22 |\n| Timavo | Italy | 30 |\n\n";
const CODE =
  "```python\ndef discharge(velocity: float, area: float) -> float:\n    return velocity * area\n```\n\n";

function repeated(part: (index: number) => string, length: number, before = ""): string {
  let text = before;
  for (let index = 0; text.length < length; index += 1) text += part(index);
  return text;
}

const LONG = 100_000;
const LONG_BLOCK = 20_000;

/** A usual reply, a program, and the hardest: replies that are one single block. */
export function replies(): Readonly<Record<string, string>> {
  return {
    mixed: repeated((index) => `## Part ${index}\n\n${PROSE}${LIST}${TABLE}${CODE}`, LONG),
    "one code block": repeated(
      (index) => `line_${index} = compute(${index})  # a comment\n`,
      LONG,
      "```python\n",
    ),
    "one list": repeated(
      (index) => `- item ${index} with **some** text and \`code\`\n`,
      LONG_BLOCK,
    ),
    "one table": repeated(
      (index) => `| row ${index} | **some** text | ${index * 7} |\n`,
      LONG_BLOCK,
      "| Name | Text | Number |\n|---|---|---:|\n",
    ),
    "one paragraph": repeated((index) => `word${index} and *more* words `, LONG_BLOCK),
  };
}
