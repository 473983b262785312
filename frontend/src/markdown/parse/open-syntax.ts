import { isOpenFootnoteReference, readFootnoteReference } from "./footnote-syntax";
import { isOpenMath, isUndecidedMath, readMath } from "./math-syntax";

/** The opening bracket of a link. */
export interface Bracket {
  readonly at: number;
  readonly length: number;
}

const PLAIN = /[^\\`$!<&*_~[\]]+/y;

/**
 * Reads inline Markdown from left to right and finds what is open at its end. It knows only as much syntax as
 * that needs; marked does the parsing.
 */
export class OpenSyntax {
  readonly text: string;
  /** Those that are not closed or whose link has no complete target, from the outermost to the innermost. */
  readonly brackets: Bracket[] = [];
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
        return this.#holdBackIf(at, /^<(?:\/?[a-z][a-z\d+.-]*(?::[^\s<>]*| ?\/?)?|\/)?$/i);
      case "&":
        return this.#holdBackIf(at, /^&(?:#\w{0,7}|[a-z\d]{0,31})$/i);
      case "*":
      case "_":
      case "~":
        return this.#readRun(at);
      default:
        PLAIN.lastIndex = at;
        PLAIN.exec(this.text);
        return PLAIN.lastIndex;
    }
  }

  #readEscape(at: number): number {
    const next = this.text.charAt(at + 1);
    if (next === "") return this.#holdBack(at);
    return /[([b]/.test(next) ? this.#readMath(at, 2) : at + 2;
  }

  #readMath(at: number, openerLength: number): number {
    const rest = this.text.slice(at);
    const before = this.text.slice(0, at);
    const math = readMath(rest, before);
    if (math === undefined)
      return isOpenMath(rest, before) ? this.#holdBack(at) : at + openerLength;
    const end = at + math.raw.length;
    if (end < this.text.length || !isUndecidedMath(math)) return end;
    if (!/^\$\d/.test(math.raw)) return this.#holdBack(at);
    // The amount is read as text, up to the dollar that may close it.
    this.#holdBack(end - 1);
    return at + 1;
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
    if (next === "[") return this.#open({ at, length: 2 });
    const mayBeImage = next === "" && /^\s?$/.test(this.text.charAt(at - 1));
    return mayBeImage ? this.#holdBack(at) : at + 1;
  }

  #readBracket(at: number): number {
    const rest = this.text.slice(at, at + 50);
    const footnote = readFootnoteReference(rest);
    if (footnote !== undefined) return at + footnote.raw.length;
    if (isOpenFootnoteReference(rest)) return this.#holdBack(at);
    return this.#open({ at, length: 1 });
  }

  #readClosingBracket(at: number): number {
    if (this.brackets.length === 0) return at + 1;
    const target = this.#targetEnd(at + 1);
    if (target === null) return this.#holdBack(at);
    this.brackets.pop();
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

  // The role of a run at the very end is not known yet. Whatever it may close is closed anyway.
  #readRun(at: number): number {
    const end = at + this.#runAt(at).length;
    return end === this.text.length ? this.#holdBack(at) : end;
  }

  #open(bracket: Bracket): number {
    this.brackets.push(bracket);
    return bracket.at + bracket.length;
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
