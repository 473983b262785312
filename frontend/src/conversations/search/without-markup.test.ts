import { expect, it } from "vitest";
import { withoutMarkup } from "./without-markup";

const read = (text: string) =>
  withoutMarkup([
    { text, match: false },
    { text: "**C**", match: true },
    { text: "# is a language", match: false },
  ])
    .map((part) => part.text)
    .join("");

it.each([
  ["a **long** ~~short~~ `code` ", "a long short code "],
  ["## A heading\n### Another\nnot # this ", "A heading\nAnother\nnot # this "],
  ["| Spring | Delta |\n|:---|---:|\n| a | b | ", " Spring  Delta \n\n a  b  "],
  ["*one* snake_case 3 * 4 - 5 ", "*one* snake_case 3 * 4 - 5 "],
])("takes the signs out of %j, and nothing of what was found", (text, expected) => {
  expect(read(text)).toBe(`${expected}**C**# is a language`);
});
