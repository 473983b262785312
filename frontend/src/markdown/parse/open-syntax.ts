import { runRole } from "./delimiter-run";
import { isOpenFootnoteReference, readFootnoteReference } from "./footnote-syntax";
import { isOpenMath, readMath } from "./math-syntax";

/** An opening delimiter that is not closed yet. */
export type Opener =
  | { readonly kind: "bracket"; readonly at: number; readonly length: number }
  | { readonly kind: "run"; readonly at: number; readonly char: string; readonly length: number };

// Deeper nesting is not closed, because marked would run out of stack.
const MOST_OPENERS = 50;

const PLAIN = /[^\\`$!<&*_~[\]]+/y;

/**
 * Reads inline Markdown from left to right and finds what is open at its end. It knows only as much syntax as
 * that needs; marked does the parsing.
 */
export class OpenSyntax {
  readonly text: string;
  /** From the outermost to the innermost. */
  openers: readonly Opener[] = [];
  /** Openers to leave out, because their content cannot be shown before it is complete. */
  readonly hidden: Opener[] = [];
  /** Everything from here on is held back. */
  end: number;
  /** The backticks that close a code span at the end. */
  codeCloser = "";

  constructor(text: string) {
    this.text = text;
    this.end = text.length;
    for (let at = 0; at < this.end; ) at = this.#read(at);
  }

  /** Reads the syntax that begins at `at` and returns its end, as all the methods below do. */
  #read(at: number): number {
    const char = this.text.charAt(at);
    switch (char) {
      case "\\":
        return this.#readEscape(at);
      case "`":
        return this.#readCode(at);
      case "$":
        return this.#readMath(at, 1);
      case "!":
        return this.#readBang(at);
      case "[":
        return this.#readBracket(at);
      case "]":
        return this.#readClosingBracket(at);
      case "<":
        return this.#holdBackIf(at, /^<(?:[a-z][a-z\d+.-]*(?::[^\s<>]*)?)?$/i);
      case "&":
        return this.#holdBackIf(at, /^&(?:#\w{0,7}|[a-z\d]{0,31})$/i);
      case "*":
      case "_":
      case "~":
        return this.#readRun(at, char);
      default:
        PLAIN.lastIndex = at;
        PLAIN.exec(this.text);
        return PLAIN.lastIndex;
    }
  }

  #readEscape(at: number): number {
    const next = this.text.charAt(at + 1);
    if (next === "") return this.#holdBack(at);
    return next === "(" || next === "[" ? this.#readMath(at, 2) : at + 2;
  }

  #readMath(at: number, openerLength: number): number {
    const rest = this.text.slice(at);
    const math = readMath(rest);
    if (math !== undefined) {
      // Whether "$5-$" is a formula or the beginning of a price range depends on what follows.
      const mayBeMoney = /^\$\d/.test(rest) && math.raw.length === rest.length;
      return mayBeMoney ? this.#holdBack(at + math.raw.length - 1) : at + math.raw.length;
    }
    return isOpenMath(rest) ? this.#holdBack(at) : at + openerLength;
  }

  #readCode(at: number): number {
    const fence = this.#runAt(at);
    const start = at + fence.length;
    for (let next = this.text.indexOf("`", start); next !== -1; ) {
      const { length } = this.#runAt(next);
      if (length === fence.length) return next + length;
      next = this.text.indexOf("`", next + length);
    }
    // Backticks at the very end may be the beginning of the closing ones.
    const content = this.text.slice(start).replace(/`+$/, "");
    if (content.trim() === "") return this.#holdBack(at);
    this.codeCloser = fence;
    return this.#holdBack(start + content.length);
  }

  #readBang(at: number): number {
    const next = this.text.charAt(at + 1);
    if (next === "[") return this.#open({ kind: "bracket", at, length: 2 });
    const mayBeImage = next === "" && /^\s?$/.test(this.text.charAt(at - 1));
    return mayBeImage ? this.#holdBack(at) : at + 1;
  }

  #readBracket(at: number): number {
    const rest = this.text.slice(at, at + 50);
    const footnote = readFootnoteReference(rest);
    if (footnote !== undefined) return at + footnote.raw.length;
    if (isOpenFootnoteReference(rest)) return this.#holdBack(at);
    return this.#open({ kind: "bracket", at, length: 1 });
  }

  #readClosingBracket(at: number): number {
    const index = this.openers.findLastIndex(({ kind }) => kind === "bracket");
    const bracket = this.openers[index];
    if (bracket === undefined) return at + 1;
    const target = this.#targetEnd(at + 1);
    if (target === null) {
      this.hidden.push(bracket);
      this.openers = this.openers.filter((opener) => opener !== bracket);
      return this.#holdBack(at);
    }
    // A link closes everything that was opened inside its brackets; other brackets close nothing.
    const isLink = target > at + 1;
    this.openers = this.openers.filter(
      (opener, position) => opener !== bracket && (position < index || !isLink),
    );
    return target;
  }

  /** The end of a link's target; `at` if there is none, null if it is incomplete. */
  #targetEnd(at: number): number | null {
    const char = this.text.charAt(at);
    if (char === "") return null;
    if (char === "(") return destinationEnd(this.text, at + 1);
    if (char !== "[") return at;
    const end = this.text.indexOf("]", at + 1);
    return end === -1 ? null : end + 1;
  }

  #readRun(at: number, char: string): number {
    const run = this.#runAt(at);
    const end = at + run.length;
    // The role of a run at the very end is not known yet. Whatever it may close is closed anyway.
    if (end === this.text.length) return this.#holdBack(at);
    const role = runRole(char, this.text.charAt(at - 1), this.text.charAt(end));
    const counts = char !== "~" || run.length === 2;
    const closed = role.canClose && counts ? this.#close(run) : 0;
    const length = run.length - closed;
    if (length === 0 || !role.canOpen || !counts) return end;
    return this.#open({ kind: "run", at: at + closed, char, length });
  }

  /** Closes as many openers as the run can, and returns how many of its characters that took. */
  #close(run: string): number {
    let left = run.length;
    while (left > 0) {
      const index = this.openers.findLastIndex(
        (opener) => opener.kind === "bracket" || opener.char === run.charAt(0),
      );
      const opener = this.openers[index];
      if (opener === undefined || opener.kind === "bracket") break;
      const used = opener.length >= 2 && left >= 2 ? 2 : 1;
      left -= used;
      const rest = { ...opener, length: opener.length - used };
      this.openers = [...this.openers.slice(0, index), ...(rest.length > 0 ? [rest] : [])];
    }
    return run.length - left;
  }

  #open(opener: Opener): number {
    if (this.openers.length < MOST_OPENERS) this.openers = [...this.openers, opener];
    return opener.at + opener.length;
  }

  #holdBackIf(at: number, unfinished: RegExp): number {
    return unfinished.test(this.text.slice(at, at + 200)) ? this.#holdBack(at) : at + 1;
  }

  /** Holds back everything from `at` on, which also ends the reading. */
  #holdBack(at: number): number {
    this.end = at;
    return at;
  }

  #runAt(at: number): string {
    const char = this.text.charAt(at);
    let end = at;
    while (this.text.charAt(end) === char) end += 1;
    return this.text.slice(at, end);
  }
}

/** The end of a link destination that begins at `at`; null if it is not closed. */
function destinationEnd(text: string, at: number): number | null {
  let depth = 1;
  for (let index = at; index < text.length; index += 1) {
    const char = text.charAt(index);
    if (char === "\\") index += 1;
    else if (char === "(") depth += 1;
    else if (char === ")") depth -= 1;
    if (depth === 0) return index + 1;
  }
  return null;
}
