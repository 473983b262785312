import { runRole } from "./delimiter-run";
import { isOpenFootnoteReference, readFootnoteReference } from "./footnote-syntax";
import { isOpenMath, readMath } from "./math-syntax";

/** Something that was opened and is not closed yet. */
export type Opener =
  | { readonly kind: "bracket"; readonly at: number; readonly length: number }
  | { readonly kind: "run"; readonly at: number; readonly char: string; readonly length: number };

// What is open inside of so much else is not closed: reading it would run out of stack.
const MOST_OPENERS = 50;

const PLAIN = /[^\\`$!<&*_~[\]]+/y;

/**
 * Reads inline Markdown from left to right and finds what its end leaves open. It knows just enough of
 * the syntax for that; what the text means is marked's to say.
 */
export class OpenSyntax {
  readonly text: string;
  /** From the outermost to the innermost. */
  openers: readonly Opener[] = [];
  /** Openers that are to be left out, since what they open cannot be drawn before it is whole. */
  readonly hidden: Opener[] = [];
  /** What comes from here on is held back. */
  end: number;
  /** What closes a code span that reaches the end. */
  codeCloser = "";

  constructor(text: string) {
    this.text = text;
    this.end = text.length;
    for (let at = 0; at < this.end; ) at = this.#read(at);
  }

  /** Reads what begins at `at`, and returns where it ends. So do all the others. */
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
        return this.#holdBackIf(at, /^&(?:#\w{0,7}|[a-z]{0,7})$/i);
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
      // Of "$5-$" only what follows tells whether it is a formula or begins a range of prices.
      const mayBeMoney = /^\$\d/.test(rest) && math.raw.length === rest.length;
      return mayBeMoney ? this.#holdBack(at + math.raw.length - 1) : at + math.raw.length;
    }
    return isOpenMath(rest) ? this.#holdBack(at) : at + openerLength;
  }

  #readCode(at: number): number {
    const fence = this.#runAt(at);
    const start = at + fence.length;
    for (let next = this.text.indexOf("`", start); next !== -1; ) {
      const found = this.#runAt(next);
      if (found.length === fence.length) return next + found.length;
      next = this.text.indexOf("`", next + found.length);
    }
    // Backticks at the very end may be the first of those that close it.
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
    // The brackets of a link take in what was opened between them; others are only brackets.
    const isLink = target > at + 1;
    this.openers = this.openers.filter(
      (opener, place) => opener !== bracket && (place < index || !isLink),
    );
    return target;
  }

  /** Where the target of a link ends: at once if there is none, null if it is not whole yet. */
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
    // At the very end nothing tells yet what the run is. Whatever it closes is closed anyway.
    if (end === this.text.length) return this.#holdBack(at);
    const role = runRole(char, this.text.charAt(at - 1), this.text.charAt(end));
    const counts = char !== "~" || run.length === 2;
    const closed = role.canClose && counts ? this.#close(run) : 0;
    const length = run.length - closed;
    if (length === 0 || !role.canOpen || !counts) return end;
    return this.#open({ kind: "run", at: at + closed, char, length });
  }

  /** Closes as much as a run can, and returns how much of the run that took. */
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

  /** Ends what is shown at `at`, and with it the reading. */
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

/** Where a link's destination, which began at `at`, has been closed; null if it has not. */
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
