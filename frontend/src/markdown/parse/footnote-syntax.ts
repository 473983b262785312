import type { Token, TokenizerAndRendererExtension, Tokens } from "marked";

/** What a footnote says, where the reply says it. */
export interface FootnoteToken {
  readonly type: "footnote";
  readonly raw: string;
  readonly label: string;
  readonly tokens: readonly Token[];
}

/** Where a footnote is referred to. */
export interface FootnoteReferenceToken {
  readonly type: "footnote-reference";
  readonly raw: string;
  readonly label: string;
}

const REFERENCE = /^\[\^([\w-]{1,40})\]/;
const OPEN_REFERENCE = /^\[\^[\w-]{0,40}$/;
const DEFINITION = /^ {0,3}\[\^([\w-]{1,40})\]:[ \t]*/;
// The rest of its line, lines that go on without a blank one, and what is indented.
const CONTENT = /^[^\n]*(?:\n(?! {0,3}\[\^[\w-]+\]:)(?=[^\n]*\S)[^\n]*)*(?:\n+(?: {4}|\t)[^\n]*)*/;

/** `[^label]: text`: the text of a footnote. */
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

/** The reference to a footnote that a text begins with: `[^label]`. */
export function readFootnoteReference(source: string): FootnoteReferenceToken | undefined {
  const [raw, label] = REFERENCE.exec(source) ?? [];
  if (raw === undefined || label === undefined) return undefined;
  return { type: "footnote-reference", raw, label };
}

/** Whether a text is a reference to a footnote that more text may close. */
export function isOpenFootnoteReference(text: string): boolean {
  return OPEN_REFERENCE.test(text);
}

/** Labels of the footnotes among these blocks, in lists and quotes too. */
export function footnoteLabels(tokens: readonly Token[]): readonly string[] {
  return tokens.flatMap((token) => {
    if (token.type === "footnote") return [(token as unknown as FootnoteToken).label];
    if (token.type === "list") return footnoteLabels((token as Tokens.List).items);
    return footnoteLabels("tokens" in token ? (token.tokens ?? []) : []);
  });
}
