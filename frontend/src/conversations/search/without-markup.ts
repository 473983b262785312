import type { SnippetPart } from "../../api/schema";

const HEADING = /^#{1,6} /;

/** Markdown syntax that is never part of a word: strong, strikethrough, code, headings and table lines. */
const MARKUP = /\*\*+|~~+|`+|(\n)#{1,6} |\|(?:[ :|-]*-[ :|-]*\|)?/g;

/** A snippet without Markdown syntax. Matches stay as they are. */
export function withoutMarkup(parts: readonly SnippetPart[]): readonly SnippetPart[] {
  return parts.map((part, index) => {
    if (part.match) return part;
    const text = index === 0 ? part.text.replace(HEADING, "") : part.text;
    return { ...part, text: text.replace(MARKUP, "$1") };
  });
}
