/** The beginning of a fenced code block. */
export interface Fence {
  readonly char: string;
  readonly length: number;
  /** Whether its code is Markdown, which may have fences of its own. */
  readonly isMarkdown: boolean;
}

const OPENING = /^ {0,3}(?:(`{3,})([^`]*)|(~{3,})(.*))$/;
const BARE = /^ {0,3}(`{3,}|~{3,})[ \t]*$/;

/** The fence that a line opens. */
export function openingFence(line: string): Fence | null {
  const [whole, backticks, info = "", tildes = "", tildesInfo = ""] = OPENING.exec(line) ?? [];
  if (whole === undefined) return null;
  const run = backticks ?? tildes;
  const isMarkdown = /^[ \t]*(?:markdown|md|mdx|mdown|rmd|qmd)(?![\w-])/i.test(info + tildesInfo);
  return { char: run.charAt(0), length: run.length, isMarkdown };
}

/** Whether a text begins with a fenced block of Markdown. */
export function isMarkdownFence(source: string): boolean {
  return openingFence(source.slice(0, lineEnd(source, 0)))?.isMarkdown === true;
}

/**
 * Reads a fenced code block line by line.
 *
 * In a block of Markdown, a fence as long as that of the block may open one inside: if it names a language, or if
 * it stands between a line that is blank or ends with a colon and a line with text. By CommonMark it would close the block, or be part of it.
 */
export class FenceReader {
  /** From the outermost to the innermost. */
  readonly #open: Fence[];
  #above = "x";

  constructor(fence: Fence) {
    this.#open = [fence];
  }

  /** Whether this line closes the block. */
  isClosedBy(line: string, below: string): boolean {
    const above = this.#above;
    this.#above = line;
    const [outer, inner] = [this.#open[0], this.#open.at(-1)];
    if (outer === undefined || inner === undefined) return true;
    const run = BARE.exec(line)?.[1];
    if (run === undefined) {
      const fence = inner.isMarkdown ? openingFence(line) : null;
      if (fence !== null && fence.char === outer.char && fence.length >= outer.length) {
        this.#open.push(fence);
      }
      return false;
    }
    if (run.charAt(0) !== inner.char || run.length < inner.length) return false;
    const opens = inner.isMarkdown && /^\s*$|[:：]\s*$/.test(above) && below.trim() !== "";
    if (opens) this.#open.push({ ...inner, length: run.length, isMarkdown: false });
    else this.#open.pop();
    return this.#open.length === 0;
  }
}

/** The code of a block from its lines. As in marked, the last line end is not part of it, but blank lines are. */
export function codeText(lines: string): string {
  return /[^\n]\n$/.test(lines.slice(-2)) ? lines.slice(0, -1) : lines;
}

/** The fenced code block that a text begins with, or null. */
export function readFence(
  source: string,
): { readonly end: number; readonly isOpen: boolean } | null {
  let end = lineEnd(source, 0);
  const fence = openingFence(source.slice(0, end));
  if (fence === null) return null;
  const reader = new FenceReader(fence);
  while (end < source.length) {
    const start = end + 1;
    end = lineEnd(source, start);
    const below = source.slice(end + 1, lineEnd(source, end + 1));
    if (reader.isClosedBy(source.slice(start, end), below)) return { end, isOpen: false };
  }
  return { end, isOpen: true };
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
}
