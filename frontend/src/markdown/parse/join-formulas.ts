import { type Fence, FenceReader, openingFence } from "./fence";
import { CONTAINERS } from "./hold-back";
import { isOpenMath, isProse, LONGEST, readMath } from "./math-syntax";

// Noncharacters, which no text contains.
const LINE_END = "\ufdd0";
const MARKER = "\ufdd1";

/** Stands for a formula that is to come, so that what is before it in its line keeps its meaning. */
export const AWAITED = MARKER;

const STAND_IN = /[\ufdd0\ufdd1]/;

/** A text whose formulas are no longer than a line. */
interface JoinedText {
  readonly text: string;
  /** Where a formula begins that more text may close; the length of the text if there is none. */
  readonly openAt: number;
  /** The starts of the lines before which nothing is open: joining the rest alone gives the same. */
  readonly cuts: () => ReadonlySet<number>;
}

/**
 * Joins the lines of each formula with stand-ins for its line ends, so that none of them is taken for a heading, a
 * list, a quote or the end of a paragraph. The text keeps its length.
 */
export function joinFormulas(source: string): JoinedText {
  if (!/\$\$|\\[[(b]/.test(source)) {
    return { text: source, openAt: source.length, cuts: () => new Joiner(source).join().cuts() };
  }
  return new Joiner(source).join();
}

export function hasStandIns(text: string): boolean {
  return STAND_IN.test(text);
}

/** Undoes `joinFormulas` in a part of a text; the quote markers and the indentation in its formulas are gone. */
export function splitFormulas(text: string): string {
  return hasStandIns(text) ? text.replaceAll(LINE_END, "\n").replaceAll(MARKER, "") : text;
}

// Four spaces at the beginning of a line, or after a marker and its space.
const INDENTED = /(?:^|[>.)*+-][ \t]) {4}/;

interface Line {
  readonly start: number;
  readonly end: number;
  /** The quote and list markers before its content, and the spaces. */
  readonly prefix: string;
  readonly content: string;
}

/** A list item. */
interface Item {
  /** How many quotes it is in. */
  readonly quotes: number;
  /** Where its content begins in a line. */
  readonly column: number;
}

class Joiner {
  readonly #source: string;
  readonly #cuts = new Set<number>();
  #joined = "";
  #joinedTo = 0;
  #openAt: number;

  constructor(source: string) {
    this.#source = source;
    this.#openAt = source.length;
  }

  join(): JoinedText {
    const items: Item[] = [];
    let isAfterBlank = true;
    let isCode = false;
    for (let at = 0; at < this.#source.length; ) {
      const line = this.#lineAt(at);
      while (isOutside(line, items.at(-1), isAfterBlank)) items.pop();
      if (isAfterBlank && items.length === 0 && at <= this.#openAt) this.#cuts.add(at);
      const inside = line.prefix.slice(items.at(-1)?.column ?? 0);
      const isIndented = INDENTED.test(inside);
      const newItems = inside.startsWith("    ") ? [] : itemsIn(line.prefix);
      items.push(...newItems);
      isCode = isIndented && (isCode || isAfterBlank || newItems.length > 0);
      isAfterBlank = line.content === "";
      const fence = isIndented ? null : openingFence(line.content);
      if (isCode) at = line.end + 1;
      else if (fence === null) at = this.#readLine(line);
      else at = this.#readFence(line, fence, items.at(-1));
    }
    const text = this.#joined + this.#source.slice(this.#joinedTo);
    return { text, openAt: this.#openAt, cuts: () => this.#cuts };
  }

  #lineAt(start: number): Line {
    const found = this.#source.indexOf("\n", start);
    const end = found === -1 ? this.#source.length : found;
    const line = this.#source.slice(start, end);
    const prefix = CONTAINERS.exec(line)?.[0] ?? "";
    return { start, end, prefix, content: line.slice(prefix.length) };
  }

  /** Returns the start of the line after it, as `#readLine` does. */
  #readFence(opening: Line, fence: Fence, item: Item | undefined): number {
    const reader = new FenceReader(fence);
    const inside = markersOf(opening.prefix.slice(0, contentColumn(opening, item)));
    const contentOf = ({ start, end }: Line) => this.#source.slice(start, end).replace(inside, "");
    let isAfterBlank = false;
    for (let at = opening.end + 1; at < this.#source.length; ) {
      const line = this.#lineAt(at);
      if (quotesIn(line.prefix) < quotesIn(opening.prefix)) return at;
      if (isOutside(line, item, isAfterBlank)) return at;
      at = line.end + 1;
      if (reader.isClosedBy(contentOf(line), contentOf(this.#lineAt(at)))) return at;
      isAfterBlank = line.content === "";
    }
    return this.#source.length;
  }

  #readLine(line: Line): number {
    const syntax =
      /(`+)|(\$\$|\\[[(]|\\begin\{[A-Za-z]*\*?\}|\\b[egin]*(?:\{[A-Za-z]*\*?)?$)|\$|\\/g;
    let { end } = line;
    syntax.lastIndex = line.start + line.prefix.length;
    for (let match = syntax.exec(this.#source); match !== null; match = syntax.exec(this.#source)) {
      const at = match.index;
      if (at >= end) break;
      const [whole, backticks, opener] = match;
      if (backticks !== undefined) {
        syntax.lastIndex = this.#codeEnd(at, backticks);
      } else if (opener !== undefined) {
        syntax.lastIndex = this.#formulaEnd(line, at, opener) ?? at + 2;
      } else if (whole === "\\") {
        syntax.lastIndex = at + 2;
      } else {
        const math = readMath(this.#source.slice(at, end), this.#source.slice(line.start, at));
        syntax.lastIndex = at + (math?.raw.length ?? 1);
      }
      if (syntax.lastIndex > end) end = this.#lineAt(syntax.lastIndex).end;
    }
    return end + 1;
  }

  /** The end of the code span that begins at `at`; that of its backticks if it is none. */
  #codeEnd(at: number, backticks: string): number {
    const start = at + backticks.length;
    const blank = /\n[ \t>]*(?:\n|$)/g;
    blank.lastIndex = start;
    const closer = new RegExp(`(?<!\`)${backticks}(?!\`)`, "g");
    closer.lastIndex = start;
    const found = closer.exec(this.#source)?.index;
    if (found === undefined || (blank.exec(this.#source)?.index ?? found) < found) return start;
    return found + backticks.length;
  }

  /** The end of the formula that begins at `at`; null if there is none, or if more text may close it. */
  #formulaEnd(first: Line, at: number, opener: string): number | null {
    const before = first.content.slice(0, at - first.start - first.prefix.length);
    const inside = markersOf(first.prefix);
    const gaps: (readonly [number, number])[] = [];
    let line = { start: at, end: this.#lineAt(at).end };
    let text = this.#source.slice(at, line.end);
    const mayHaveBlankLines =
      opener !== "\\(" && (before.trim() === "" || /^(?:\$\$|\\\[)[ \t]*$/.test(text));
    let isAfterBlank = false;
    for (;;) {
      const content = text.slice(text.length - (line.end - line.start)).slice(0, LONGEST);
      const math = /\$\$|\\[\])]|\\end\{/.test(content) ? readMath(text, before) : undefined;
      if (math !== undefined) {
        if (isAfterBlank && !/^[ \t.,;:]*$/.test(text.slice(math.raw.length))) return null;
        for (const gap of gaps) this.#standInFor(gap);
        return line.end - (text.length - math.raw.length);
      }
      if (text.length > LONGEST || isOpenedAgain(content, opener, line.start === at)) return null;
      if (line.end < this.#source.length && before.startsWith("|")) return null;
      const next = this.#lineAt(line.end + 1);
      // Nobody knows yet whether a last line without content will be blank.
      if (next.content === "" && next.end >= this.#source.length) {
        if (isOpenMath(text, before)) this.#openAt = Math.min(this.#openAt, at);
        return null;
      }
      const prefix = inside.exec(next.prefix)?.[0] ?? "";
      if (openingFence(next.content) !== null || isNextItem(next.prefix, first.prefix)) return null;
      if (next.content === "" && !mayHaveBlankLines) return null;
      if (isAfterBlank && isProse(next.content)) return null;
      isAfterBlank ||= next.content === "";
      gaps.push([line.end, next.start + prefix.length]);
      line = { start: next.start + prefix.length, end: next.end };
      text += `\n${this.#source.slice(line.start, line.end)}`;
    }
  }

  /** Replaces a line end and the markers after it. */
  #standInFor([from, to]: readonly [number, number]): void {
    this.#joined += this.#source.slice(this.#joinedTo, from) + LINE_END;
    this.#joined += MARKER.repeat(to - from - 1);
    this.#joinedTo = to;
  }
}

const UNESCAPED: Readonly<Record<string, RegExp>> = {
  "\\[": /(?<!\\)(?:\\\\)*\\\[/,
  "\\(": /(?<!\\)(?:\\\\)*\\\(/,
};

/** Whether a line has the opener besides the one that it may begin with. Formulas of a kind are not nested. */
function isOpenedAgain(line: string, opener: string, beginsWithIt: boolean): boolean {
  const rest = beginsWithIt ? line.slice(opener.length) : line;
  return UNESCAPED[opener]?.test(rest) ?? (opener !== "$$" && rest.includes(opener));
}

/** Whether a list item begins with this prefix beside or outside the one that begins with the other. */
function isNextItem(prefix: string, other: string): boolean {
  const [next, first] = [itemsIn(prefix)[0], itemsIn(other).at(-1)];
  return next !== undefined && first !== undefined && next.column <= first.column;
}

function quotesIn(prefix: string): number {
  return prefix.replace(/[^>]/g, "").length;
}

/** What the lines of a block begin with whose first line has this prefix. */
function markersOf(prefix: string): RegExp {
  const indent = prefix.length - prefix.lastIndexOf(">") - 1;
  return new RegExp(`^(?:[ \\t]*>[ \\t]?){0,${quotesIn(prefix)}}[ \\t]{0,${indent}}`);
}

/** The list items that begin in a line with this prefix. */
function itemsIn(prefix: string): readonly Item[] {
  return [...prefix.matchAll(/(?:[-*+]|\d[.)])(?: {1,4}(?! )|[ \t]?)/g)].map(
    ({ 0: marker, index }) => ({
      quotes: quotesIn(prefix.slice(0, index)),
      column: index + marker.length,
    }),
  );
}

/** Where the content of the innermost container begins in a line. */
function contentColumn({ prefix }: Line, item: Item | undefined): number {
  const afterQuote = prefix.lastIndexOf(">") + 1;
  const quoted = afterQuote + (/^>[ \t]/.test(prefix.slice(afterQuote - 1)) ? 1 : 0);
  return Math.max(quoted, item?.column ?? 0);
}

function isOutside(line: Line, item: Item | undefined, isAfterBlank: boolean): boolean {
  if (item === undefined || line.content === "") return false;
  const indent = /^[ \t>]*/.exec(line.prefix)?.[0].length ?? 0;
  if (indent >= item.column && quotesIn(line.prefix) >= item.quotes) return false;
  return isAfterBlank || indent < line.prefix.length || /^(?:#|```|~~~)/.test(line.content);
}
