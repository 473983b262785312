import type { SnippetPart } from "../../api/schema";

const HEADING = /^#{1,6} /;

/** Signs of Markdown that are never part of a word: strong, struck out, code, headings and the lines of tables. */
const MARKUP = /\*\*+|~~+|`+|(\n)#{1,6} |\|(?:[ :|-]*-[ :|-]*\|)?/g;

/** A snippet as it reads, and not as a model wrote it. What was found stays as it is. */
export function withoutMarkup(parts: readonly SnippetPart[]): readonly SnippetPart[] {
  return parts.map((part, place) => {
    if (part.match) return part;
    const text = place === 0 ? part.text.replace(HEADING, "") : part.text;
    return { ...part, text: text.replace(MARKUP, "$1") };
  });
}
