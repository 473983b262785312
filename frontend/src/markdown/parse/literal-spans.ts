import { isOpenMath, readMath } from "./math-syntax";

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The code spans and formulas of an inline text. No other syntax reaches into them. */
export function literalSpans(text: string): readonly Span[] {
  return readLiterals(text).spans;
}

/** Where a code span or a formula begins that more text may close; the length of the text if there is none. */
export function openLiteral(text: string): number {
  return readLiterals(text).openAt;
}

function readLiterals(text: string) {
  const lastRuns = new Map<number, number>();
  for (const { 0: run, index } of text.matchAll(/`+/g)) lastRuns.set(run.length, index);
  const syntax = /`+|\$|\\[\s\S]?/g;
  const spans: Span[] = [];
  let openAt = text.length;
  for (let match = syntax.exec(text); match !== null; match = syntax.exec(text)) {
    const { 0: opener, index: start } = match;
    const end = opener.startsWith("`")
      ? codeEnd(text, start, opener.length, lastRuns)
      : formulaEnd(text, start);
    if (end === "open") openAt = Math.min(openAt, start);
    if (typeof end !== "number") continue;
    spans.push({ start, end });
    syntax.lastIndex = end;
  }
  return { spans, openAt };
}

function codeEnd(text: string, start: number, length: number, lastRuns: Map<number, number>) {
  if ((lastRuns.get(length) ?? 0) <= start) return "open";
  const runs = /`+/g;
  runs.lastIndex = start + length;
  for (let match = runs.exec(text); match !== null; match = runs.exec(text)) {
    if (match[0].length === length) return runs.lastIndex;
  }
  return "open";
}

function formulaEnd(text: string, start: number) {
  const before = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  const rest = text.slice(start);
  const math = readMath(rest, before);
  if (math !== undefined) return start + math.raw.length;
  return isOpenMath(rest, before) ? "open" : null;
}
