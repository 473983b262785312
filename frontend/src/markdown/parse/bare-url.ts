import { CJK_LETTER } from "./cjk";

// Letters continue a path or a query that has begun with them, as in `/wiki/中文`, but not a word of ASCII letters.
const END = new RegExp(
  `[\\u3000-\\u303f\\uff00-\\uff0f\\uff1a-\\uff20\\uff3b-\\uff40\\uff5b-\\uff65\\u2018-\\u201f…—]|(?<=[\\w)])[${CJK_LETTER}]|(?<=^(?:https?://)?[^/?#]*/?)[${CJK_LETTER}]`,
  "iu",
);

/**
 * Cuts a text that begins with a bare URL at the Chinese, Japanese or Korean words that follow the URL without a
 * space.
 */
export function untilCjk(source: string): string {
  const [first = ""] = /^[^\s<]*/.exec(source) ?? [];
  const end = first.search(END);
  return end === -1 ? source : source.slice(0, end);
}
