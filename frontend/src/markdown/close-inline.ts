import remend, { INCOMPLETE_IMAGE_PLACEHOLDER } from "remend";
import { openMathAt } from "./math-syntax";

/** The address of an image whose own address is not complete. */
export const UNFINISHED_ADDRESS = INCOMPLETE_IMAGE_PLACEHOLDER;

const REMEND = {
  linkMode: "text-only",
  setextHeadings: false,
  comparisonOperators: false,
  htmlTags: false,
  singleTilde: false,
  katex: false,
} as const;

// Marks that open something and stand last: what they open has no text yet.
const DANGLING = /(?:\*{1,3}|_{1,3}|~{1,2}|!?\[|!|`+|<|\\)$/;

/**
 * Closes inline syntax that the end of a text leaves open, so that bold is bold from its first letter
 * on. What cannot be shown before it is whole, such as a formula, is held back.
 */
export function closeInline(text: string): string {
  const math = openMathAt(text);
  const shown = math === -1 ? text : text.slice(0, math);
  return remend(withoutDangling(shown), REMEND);
}

/** Takes marks off the end that open something; marks that close something stay. */
function withoutDangling(text: string): string {
  const dangling = DANGLING.exec(text);
  if (dangling === null) return bareReference(text);
  const before = text.slice(0, dangling.index);
  return before === "" || /[\s([{"']$/.test(before) ? before : text;
}

/** `[text]` at the end can still become a link: its brackets wait. */
function bareReference(text: string): string {
  return text.replace(/!?\[([^[\]]+)\]$/, "$1");
}
