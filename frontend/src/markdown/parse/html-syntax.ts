import type { Lexer, Token, TokenizerAndRendererExtension } from "marked";
import { readFence } from "./fence";
import { isRunOpen, lexRun, mayHaveElements } from "./inline-run";

/** `<sub>`, `<sup>` or `<kbd>` with its content. */
export interface ElementToken {
  readonly type: "element";
  readonly raw: string;
  readonly name: "sub" | "sup" | "kbd";
  readonly tokens: readonly Token[];
}

/** `<details>` with its blocks and its summary, which is null if there is none. */
export interface DetailsToken {
  readonly type: "details";
  readonly raw: string;
  readonly summary: string | null;
  readonly tokens: readonly Token[];
}

/** The few tags without attributes that are elements; all others are text. */
export function readTag(lexer: Lexer, source: string): Token | undefined {
  const lineBreak = /^<br ?\/?>/i.exec(source)?.[0];
  if (lineBreak !== undefined) return { type: "br", raw: lineBreak };
  const [opener, name] = /^<(sub|sup|kbd)>/i.exec(source) ?? [];
  if (opener === undefined || name === undefined || !mayHaveElements()) return undefined;
  const content = contentOf(source, opener.length, name, isRunOpen());
  if (content === null) return undefined;
  const { text, end, isOpen } = content;
  const tokens = lexRun(lexer, text, isOpen);
  return { type: "element", raw: source.slice(0, end), name: name.toLowerCase(), tokens };
}

// Bounds for texts with very many tags.
const MOST_TAGS = 1_000;
const DEEPEST = 20;

let depth = 0;

// Only where the line ends or its summary begins; elsewhere it is the name of a tag in a sentence.
const DETAILS = /^ {0,3}<details>[ \t]*(?:\n|$|(?=<summary>))/i;
const SUMMARY = /^\s*<summary>/i;

export const detailsExtension: TokenizerAndRendererExtension = {
  name: "details",
  level: "block",
  tokenizer(source): DetailsToken | undefined {
    const [opener] = DETAILS.exec(source) ?? [];
    if (opener === undefined || depth >= DEEPEST) return undefined;
    // Without its closing tag it reaches, like a fence, to the end of the text, the quote or the list item.
    const content = contentOf(withoutCode(source), opener.length, "details", true);
    if (content === null) return undefined;
    const raw = source.slice(0, content.end);
    const text = source.slice(opener.length, opener.length + content.text.length);
    const [summaryOpener] = SUMMARY.exec(text) ?? [];
    const summary =
      summaryOpener === undefined
        ? null
        : contentOf(text, summaryOpener.length, "summary", content.isOpen);
    const body = text.slice(summary?.end ?? 0).replace(/^[ \t]*\n/, "");
    const tokens = lexBody(this.lexer, body);
    return { type: "details", raw, summary: summary?.text ?? null, tokens };
  },
} as TokenizerAndRendererExtension;

/** A text of the same length in which the fenced code is blank. */
function withoutCode(source: string): string {
  let rest = "";
  const fences = /^ {0,3}(?:```|~~~)/gm;
  for (let fence = fences.exec(source); fence !== null; fence = fences.exec(source)) {
    const { end } = readFence(source.slice(fence.index)) ?? { end: fence[0].length };
    rest += source.slice(rest.length, fence.index) + " ".repeat(end);
    fences.lastIndex = rest.length;
  }
  return rest + source.slice(rest.length);
}

function lexBody(lexer: Lexer, body: string): readonly Token[] {
  const { top } = lexer.state;
  lexer.state.top = true;
  depth += 1;
  try {
    return lexer.blockTokens(body, []);
  } finally {
    depth -= 1;
    lexer.state.top = top;
  }
}

/**
 * The content of an element up to its closing tag.
 *
 * @param start - where its opening tag ends
 * @param isOpen - whether its closing tag may still arrive
 */
function contentOf(source: string, start: number, name: string, isOpen: boolean) {
  const tags = new RegExp(`<(/?)${name}>`, "gi");
  tags.lastIndex = start;
  let open = 1;
  for (let count = 0; count < MOST_TAGS; count += 1) {
    const tag = tags.exec(source);
    if (tag === null) break;
    open += tag[1] === "" ? 1 : -1;
    if (open === 0)
      return { text: source.slice(start, tag.index), end: tags.lastIndex, isOpen: false };
  }
  return isOpen ? { text: source.slice(start), end: source.length, isOpen } : null;
}
