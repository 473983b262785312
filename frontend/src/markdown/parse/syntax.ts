import { Lexer, Marked, type Token, type Tokens } from "marked";
import { ASIAN_PUNCTUATION } from "./asian-punctuation";
import { footnoteExtension, footnoteLabels, readFootnoteReference } from "./footnote-syntax";
import { mathExtension } from "./math-syntax";

/** `[text][label]` or `[label]`: a link if `label` is defined anywhere in the document. */
export interface ReferenceToken {
  readonly type: "reference";
  readonly raw: string;
  readonly label: string;
  readonly text: string;
}

/** What reference links point at: address by label. A footnote is there as `^` and its label, without one. */
export type Definitions = ReadonlyMap<string, string>;

const FULL_REFERENCE = /^!?\[((?:\\.|[^[\]\\])+)\]\[((?:\\.|[^[\]\\])*)\]/;
const SHORT_REFERENCE = /^!?\[((?:\\.|[^[\]\\])+)\]/;

// A quote or a list inside so many others is text: what reads and draws them would run out of stack.
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
    // Markup in a reply is text, so nothing may be recognised as HTML.
    html: () => undefined,
    tag: () => undefined,
    blockquote: (source) => (TOO_DEEP.test(source) ? undefined : false),
    list: (source) => (TOO_DEEP.test(source) ? undefined : false),
    // Marked has one set of rules for both signs; it is chosen here, and what it does is left to it.
    emStrong(source) {
      this.rules.inline = source.startsWith("*") ? ASIAN : COMMON;
      return false;
    },
    // One tilde means "about" far more often than it means "struck out".
    del: (source) => (source.startsWith("~~") ? false : undefined),
    // A definition may come long after its links, when their block is finished; so a reference stays
    // a token of its own, and drawing it looks the definition up.
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

/** A piece of Markdown, block by block; inline syntax is left for `lexInline`. */
export interface Blocks {
  readonly tokens: readonly Token[];
  readonly definitions: Definitions;
}

/** Finds the blocks of a piece of Markdown. Line ends are `\n`. */
export function lexBlocks(source: string): Blocks {
  const lexer = new Lexer(dialect.defaults);
  const tokens = lexer.blockTokens(source, []);
  const links = Object.entries(lexer.tokens.links).map(
    ([label, { href }]) => [label, href] as const,
  );
  const footnotes = footnoteLabels(tokens).map((label) => [`^${label}`, ""] as const);
  return { tokens, definitions: new Map([...links, ...footnotes]) };
}

/** Finds the inline syntax in the text of one block. */
export function lexInline(text: string): readonly Token[] {
  return new Lexer(dialect.defaults).inlineTokens(text, []);
}

function normalizeLabel(label: string): string {
  return label.toLowerCase().replace(/\s+/g, " ");
}

/** A rule of marked for which Asian punctuation is letters. */
function withAsianLetters({ source, flags }: RegExp): RegExp {
  const changed = source
    .replaceAll("[^\\s\\p{P}\\p{S}]", `(?:[^\\s\\p{P}\\p{S}]|${ASIAN_PUNCTUATION})`)
    .replace(/\[(?:\\s)?\\p\{P\}\\p\{S\}\]/g, (match) => `(?:(?!${ASIAN_PUNCTUATION})${match})`);
  return new RegExp(changed, flags);
}
