import { Lexer, Marked, type Token, Tokenizer, type Tokens } from "marked";
import { untilCjk } from "./bare-url";
import { equationTags } from "./equation-tags";
import { codeText, isMarkdownFence, readFence } from "./fence";
import { footnoteExtension, footnoteLabels, readFootnoteReference } from "./footnote-syntax";
import { detailsExtension, readTag } from "./html-syntax";
import { beginRun, lexRun, readEmphasis, readLink, textBefore } from "./inline-run";
import { hasStandIns, joinFormulas, splitFormulas } from "./join-formulas";
import { readMath } from "./math-syntax";
import { tableCells, tableRow } from "./table-cells";

/** `[text][label]` or `[label]`: a link if the document defines `label` anywhere. */
export interface ReferenceToken {
  readonly type: "reference";
  readonly raw: string;
  readonly label: string;
  readonly text: string;
}

/**
 * The URLs of reference links by label. Footnotes are included as `^label` with an empty URL, and the labels of
 * equations as `\label` with their tags.
 */
export type Definitions = ReadonlyMap<string, string>;

const FULL_REFERENCE = /^!?\[((?:\\.|[^[\]\\])+)\]\[((?:\\.|[^[\]\\])*)\]/;
const SHORT_REFERENCE = /^!?\[((?:\\.|[^[\]\\])+)\]/;

// marked looks for the end of an e-mail address from each character that one may begin with.
const LONGEST_TEXT = 1_000;

// More deeply nested quotes and lists are text, because parsing and rendering would run out of stack.
const DEEPEST = 50;
const TOO_DEEP = new RegExp(`^(?:[ \\t]*(?:>|(?:[-*+]|\\d{1,9}[.)])[ \\t])){${DEEPEST}}`);

const dialect = new Marked({
  gfm: true,
  extensions: [
    {
      name: "math",
      level: "inline",
      // Text ends before backslashes anyway.
      start: (source) => source.slice(0, LONGEST_TEXT).indexOf("$"),
      tokenizer: (source) =>
        /^[$\\]/.test(source) ? readMath(source, textBefore(source)) : undefined,
    },
    {
      name: "emphasis",
      level: "inline",
      tokenizer(source) {
        return readEmphasis(this.lexer, source) as Tokens.Generic | undefined;
      },
    },
    footnoteExtension,
    detailsExtension,
  ],
  hooks: { emStrongMask: beginRun },
  tokenizer: {
    // Other HTML in a reply is text.
    html: () => undefined,
    tag(source) {
      return readTag(this.lexer, source) as Tokens.Tag | undefined;
    },
    blockquote: (source) => (TOO_DEEP.test(source) ? undefined : false),
    list: (source) => (TOO_DEEP.test(source) ? undefined : false),
    // marked knows no fences in fences.
    fences(source): Tokens.Code | undefined | false {
      return isMarkdownFence(source) ? codeOf(source) : false;
    },
    table(source): Tokens.Table | undefined {
      // A line with a tab alone is blank as well.
      const raw = this.rules.block.table.exec(source)?.[0].replace(/\n[ \t]*(?:\n[\s\S]*)?$/, "");
      if (raw === undefined) return undefined;
      const [header = "", delimiters = "", ...rows] = raw.split("\n");
      const columns = tableCells(delimiters).length;
      const withCells = (row: string) => tableRow(tableCells(row, columns));
      const lines = [tableRow(tableCells(header)), delimiters, ...rows.map(withCells)];
      const token = Tokenizer.prototype.table.call(this, lines.join("\n"));
      return token && { ...token, raw };
    },
    emStrong: () => undefined,
    del: () => undefined,
    link(source) {
      return readLink(this, source);
    },
    url(source): Tokens.Link | undefined {
      const isUrl = /^(?:https?:|ftp:|www\.)/i.test(source);
      return Tokenizer.prototype.url.call(this, isUrl ? untilCjk(source) : beginningOf(source));
    },
    inlineText(source) {
      return Tokenizer.prototype.inlineText.call(this, beginningOf(source));
    },
    // A definition may arrive long after the block of its links is finished. So a reference is a token of its
    // own, whose definition is looked up when it is rendered.
    reflink(src) {
      const footnote = readFootnoteReference(src);
      if (footnote !== undefined) return footnote as unknown as Tokens.Text;
      const match = FULL_REFERENCE.exec(src) ?? SHORT_REFERENCE.exec(src);
      if (match === null) return undefined;
      const [raw, text = "", label] = match;
      const token: ReferenceToken = {
        type: "reference",
        raw,
        label: normalizeLabel(label || text),
        text,
      };
      return token as unknown as Tokens.Text;
    },
  },
});

/** The blocks of some Markdown. Their inline syntax is not parsed yet. */
export interface Blocks {
  readonly tokens: readonly Token[];
  readonly definitions: Definitions;
  /** Where a formula begins that more text may close; the length of the text if there is none. */
  readonly openFormula: number;
  /** The starts of the lines before which no formula, fence or list is open. */
  readonly cuts: () => ReadonlySet<number>;
}

/** Parses the blocks of some Markdown, whose line ends are `\n`. */
export function lexBlocks(source: string): Blocks {
  const joined = joinFormulas(source);
  const lexer = new Lexer(dialect.defaults);
  const tokens = lexer.blockTokens(joined.text, []);
  if (hasStandIns(joined.text)) restoreFormulas(tokens, source);
  const links = Object.entries(lexer.tokens.links).map(
    ([label, { href }]) => [label, href] as const,
  );
  const footnotes = footnoteLabels(tokens).map((label) => [`^${label}`, ""] as const);
  const definitions = new Map([...links, ...footnotes, ...equationTags(source)]);
  return { tokens, definitions, openFormula: joined.openAt, cuts: joined.cuts };
}

/**
 * Parses the inline syntax of one block.
 *
 * @param isOpen - whether the text may grow: what is open at its end then reaches to its end
 */
export function lexInline(text: string, isOpen = false): readonly Token[] {
  return lexRun(new Lexer(dialect.defaults), text, isOpen);
}

/** As much of a text as is parsed at a time, up to the end of a word. marked joins texts again. */
function beginningOf(text: string): string {
  if (text.length <= LONGEST_TEXT) return text;
  const start = text.slice(0, LONGEST_TEXT);
  const end = Math.max(start.lastIndexOf("\n") + 1, start.trimEnd().lastIndexOf(" "));
  return end <= 0 ? start : start.slice(0, end).trimEnd() || start;
}

function codeOf(source: string): Tokens.Code | undefined {
  const fence = readFence(source);
  if (fence === null) return undefined;
  const raw = source.slice(0, fence.end);
  const lineEnd = raw.indexOf("\n");
  const opening = lineEnd === -1 ? raw : raw.slice(0, lineEnd);
  const end = fence.isOpen ? raw.length : raw.lastIndexOf("\n") + 1;
  const code = codeText(raw.slice(opening.length + 1, end));
  const [, indent = "", lang = ""] = /^( *)[`~]+[ \t]*(.*?)[ \t]*$/.exec(opening) ?? [];
  const text = code.replace(new RegExp(`^ {0,${indent.length}}`, "gm"), "");
  return { type: "code", raw, lang, text };
}

/** Gives the joined formulas in some tokens their lines again. */
function restoreFormulas(tokens: Token[], source: string): void {
  let offset = 0;
  for (const token of tokens) {
    const { length } = token.raw;
    splitIn(token);
    token.raw = splitFormulas(source.slice(offset, offset + length));
    offset += length;
  }
}

function splitIn(value: object): void {
  for (const [key, member] of Object.entries(value)) {
    if (typeof member === "string") Object.assign(value, { [key]: splitFormulas(member) });
    else if (typeof member === "object" && member !== null) splitIn(member);
  }
}

function normalizeLabel(label: string): string {
  return label.toLowerCase().replace(/\s+/g, " ");
}
