import { Lexer, Marked, type Token, type Tokens } from "marked";
import { ASIAN_PUNCTUATION } from "./asian-punctuation";
import { footnoteExtension, footnoteLabels, readFootnoteReference } from "./footnote-syntax";
import { mathExtension } from "./math-syntax";

/** `[text][label]` or `[label]`: a link if the document defines `label` anywhere. */
export interface ReferenceToken {
  readonly type: "reference";
  readonly raw: string;
  readonly label: string;
  readonly text: string;
}

/** The URLs of reference links by label. Footnotes are included as `^label` with an empty URL. */
export type Definitions = ReadonlyMap<string, string>;

const FULL_REFERENCE = /^!?\[((?:\\.|[^[\]\\])+)\]\[((?:\\.|[^[\]\\])*)\]/;
const SHORT_REFERENCE = /^!?\[((?:\\.|[^[\]\\])+)\]/;

// More deeply nested quotes and lists are text, because parsing and rendering would run out of stack.
const DEEPEST = 50;
const TOO_DEEP = new RegExp(`^(?:[ \\t]*(?:>|(?:[-*+]|\\d{1,9}[.)])[ \\t])){${DEEPEST}}`);

const COMMON = Lexer.rules.inline.gfm;
const ASIAN = {
  ...COMMON,
  punctuation: withAsianLetters(COMMON.punctuation),
  emStrongLDelim: withAsianLetters(COMMON.emStrongLDelim),
  emStrongRDelimAst: withAsianLetters(COMMON.emStrongRDelimAst),
};

const dialect = new Marked({
  gfm: true,
  extensions: [mathExtension, footnoteExtension],
  tokenizer: {
    // HTML in a reply is text.
    html: () => undefined,
    tag: () => undefined,
    blockquote: (source) => (TOO_DEEP.test(source) ? undefined : false),
    list: (source) => (TOO_DEEP.test(source) ? undefined : false),
    // marked has one set of rules for both delimiters. Only `*` gets the Asian ones.
    emStrong(source) {
      this.rules.inline = source.startsWith("*") ? ASIAN : COMMON;
      return false;
    },
    // A single tilde usually means "about", not strikethrough.
    del: (source) => (source.startsWith("~~") ? false : undefined),
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
}

/** Parses the blocks of some Markdown, whose line ends are `\n`. */
export function lexBlocks(source: string): Blocks {
  const lexer = new Lexer(dialect.defaults);
  const tokens = lexer.blockTokens(source, []);
  const links = Object.entries(lexer.tokens.links).map(
    ([label, { href }]) => [label, href] as const,
  );
  const footnotes = footnoteLabels(tokens).map((label) => [`^${label}`, ""] as const);
  return { tokens, definitions: new Map([...links, ...footnotes]) };
}

/** Parses the inline syntax of one block. */
export function lexInline(text: string): readonly Token[] {
  return new Lexer(dialect.defaults).inlineTokens(text, []);
}

function normalizeLabel(label: string): string {
  return label.toLowerCase().replace(/\s+/g, " ");
}

/** Changes a rule of marked so that Asian punctuation counts as letters. */
function withAsianLetters({ source, flags }: RegExp): RegExp {
  const changed = source
    .replaceAll("[^\\s\\p{P}\\p{S}]", `(?:[^\\s\\p{P}\\p{S}]|${ASIAN_PUNCTUATION})`)
    .replace(/\[(?:\\s)?\\p\{P\}\\p\{S\}\]/g, (match) => `(?:(?!${ASIAN_PUNCTUATION})${match})`);
  return new RegExp(changed, flags);
}
