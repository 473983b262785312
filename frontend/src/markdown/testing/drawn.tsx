import { renderToStaticMarkup } from "react-dom/server";
import { Markdown } from "../markdown";
import type { End } from "../parse/document";

export function html(text: string, end: End = "complete"): string {
  return renderToStaticMarkup(<Markdown text={text} end={end} />);
}

/** The visible text. */
export function visible(text: string, end: End = "complete"): string {
  return unescaped(html(text, end).replace(/<[^>]*>/g, ""));
}

/** The formulas as TeX, which are not part of the visible text. */
export function formulas(text: string, end: End = "complete"): readonly string[] {
  return [...html(text, end).matchAll(/data-tex="([^"]*)"/g)].map(([, tex = ""]) => unescaped(tex));
}

/** All beginnings of a text that do not end inside a character. */
export function everyCut(text: string): readonly string[] {
  let cut = "";
  return Array.from(text, (char) => {
    cut += char;
    return cut;
  });
}

/** Whether all that is seen of the beginning of a text was written. */
export function inventsNothing(cut: string): boolean {
  return isSubsequence(visible(cut, "open"), cut);
}

function isSubsequence(part: string, whole: string): boolean {
  let at = 0;
  for (const char of part.replace(/\s/g, "")) {
    at = whole.indexOf(char, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

function unescaped(markup: string): string {
  return markup
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&#x27;/g, "'")
    .replace(/&amp;/g, "&");
}
