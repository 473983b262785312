import { isOpenMath, readMath } from "./math-syntax";

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The code spans and formulas of an inline text. No other syntax reaches into them. */
export function* literalSpans(text: string): Generator<Span> {
  const lastRuns = new Map<number, number>();
  for (const { 0: run, index } of text.matchAll(/`+/g)) lastRuns.set(run.length, index);
  const syntax = /`+|\$|\\[\s\S]?/g;
  for (let match = syntax.exec(text); match !== null; match = syntax.exec(text)) {
    const { 0: opener, index: start } = match;
    const end = opener.startsWith("`")
      ? codeEnd(text, start, opener.length, lastRuns)
      : formulaEnd(text, start);
    if (end === null) continue;
    yield { start, end };
    syntax.lastIndex = end;
  }
}

/** Where a code span or a formula begins that more text may close; the length of the text if there is none. */
export function openLiteral(text: string): number {
  const syntax = /`+|\$|\\[\s\S]?/g;
  for (const { start, end } of [...literalSpans(text), { start: text.length, end: text.length }]) {
    for (let match = syntax.exec(text); match !== null; match = syntax.exec(text)) {
      const { 0: opener, index } = match;
      if (index >= start) break;
      if (opener.startsWith("`") || isOpenMath(text.slice(index), text.slice(0, index)))
        return index;
    }
    syntax.lastIndex = end;
  }
  return text.length;
}

function codeEnd(text: string, start: number, length: number, lastRuns: Map<number, number>) {
  if ((lastRuns.get(length) ?? 0) <= start) return null;
  const runs = /`+/g;
  runs.lastIndex = start + length;
  for (let match = runs.exec(text); match !== null; match = runs.exec(text)) {
    if (match[0].length === length) return runs.lastIndex;
  }
  return null;
}

function formulaEnd(text: string, start: number): number | null {
  const math = readMath(text.slice(start), text.slice(0, start));
  return math === undefined ? null : start + math.raw.length;
}
