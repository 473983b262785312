import { type Opener, OpenSyntax } from "./open-syntax";

/**
 * Closes the inline syntax that is open at the end of a text, so that bold text is bold from its first letter.
 * What cannot be shown before it is complete, such as a formula or a URL, is held back.
 */
export function closeInline(text: string): string {
  const open = new OpenSyntax(text);
  const brackets = open.openers.filter(({ kind }) => kind === "bracket");
  const shown = new Shown(text, open.end, [...open.hidden, ...brackets]);
  let closers = "";
  for (const opener of open.openers.toReversed()) {
    if (opener.kind === "bracket") continue;
    if (shown.isEmptyAfter(opener)) shown.hide(opener);
    else closers += opener.char.repeat(opener.length);
  }
  if (open.codeCloser !== "") return shown.text() + open.codeCloser + closers;
  // A delimiter after a space would not close anything.
  return closers === "" ? shown.text() : shown.text().trimEnd() + closers;
}

/** A text without the parts that are held back. */
class Shown {
  readonly #text: string;
  readonly #end: number;
  readonly #hidden: Opener[];

  constructor(text: string, end: number, hidden: readonly Opener[]) {
    this.#text = text;
    this.#end = end;
    this.#hidden = [...hidden];
  }

  hide(opener: Opener): void {
    this.#hidden.push(opener);
  }

  isEmptyAfter(opener: Opener): boolean {
    return this.text(opener.at + opener.length).trim() === "";
  }

  text(from = 0): string {
    const hidden = this.#hidden.filter(({ at }) => at >= from).sort((a, b) => a.at - b.at);
    let text = "";
    let start = from;
    for (const { at, length } of hidden) {
      text += this.#text.slice(start, at);
      start = at + length;
    }
    return text + this.#text.slice(start, Math.max(start, this.#end));
  }
}
