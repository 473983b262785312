import type { Token, TokenizerAndRendererExtension, Tokens } from "marked";

/** The definition of a footnote: `[^label]: text`. */
export interface FootnoteToken {
  readonly type: "footnote";
  readonly raw: string;
  readonly label: string;
  readonly tokens: readonly Token[];
}

/** A reference to a footnote: `[^label]`. */
export interface FootnoteReferenceToken {
  readonly type: "footnote-reference";
  readonly raw: string;
  readonly label: string;
}

const REFERENCE = /^\[\^([\w-]{1,40})\]/;
const OPEN_REFERENCE = /^\[\^[\w-]{0,40}$/;
const DEFINITION = /^ {0,3}\[\^([\w-]{1,40})\]:[ \t]*/;
// The rest of the line, the lines after it up to a blank one or a fence, and indented lines.
const CONTENT =
  /^[^\n]*(?:\n(?! {0,3}(?:\[\^[\w-]+\]:|```|~~~))(?=[^\n]*\S)[^\n]*)*(?:\n+(?: {4}|\t)[^\n]*)*/;

export const footnoteExtension: TokenizerAndRendererExtension = {
  name: "footnote",
  level: "block",
  tokenizer(source): FootnoteToken | undefined {
    const [opener, label] = DEFINITION.exec(source) ?? [];
    if (opener === undefined || label === undefined) return undefined;
    const content = CONTENT.exec(source.slice(opener.length))?.[0] ?? "";
    const text = content.replace(/^(?: {4}|\t)/gm, "");
    return {
      type: "footnote",
      raw: opener + content,
      label,
      tokens: this.lexer.blockTokens(text, []),
    };
  },
} as TokenizerAndRendererExtension;

/** Reads the footnote reference that a text begins with. */
export function readFootnoteReference(source: string): FootnoteReferenceToken | undefined {
  const [raw, label] = REFERENCE.exec(source) ?? [];
  if (raw === undefined || label === undefined) return undefined;
  return { type: "footnote-reference", raw, label };
}

/** Whether a text may become a footnote reference. */
export function isOpenFootnoteReference(text: string): boolean {
  return OPEN_REFERENCE.test(text);
}

/** The labels of all footnotes in these blocks, also in lists and quotes. */
export function footnoteLabels(tokens: readonly Token[]): readonly string[] {
  return tokens.flatMap((token) => {
    if (token.type === "footnote") return [(token as unknown as FootnoteToken).label];
    if (token.type === "list") return footnoteLabels((token as Tokens.List).items);
    return footnoteLabels("tokens" in token ? (token.tokens ?? []) : []);
  });
}
