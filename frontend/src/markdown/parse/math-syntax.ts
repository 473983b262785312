import type { TokenizerAndRendererExtension } from "marked";

/** A formula in TeX. */
export interface MathToken {
  readonly type: "math";
  readonly raw: string;
  readonly tex: string;
  readonly display: boolean;
}

interface Delimiters {
  readonly opener: string;
  readonly whole: RegExp;
  readonly display: boolean;
}

// Pandoc's rule tells formulas from amounts of money: the opening `$` has no space after it, the closing one has
// no space before it and no digit after it.
const DELIMITERS: readonly Delimiters[] = [
  { opener: "$$", whole: /^\$\$((?:\\[\s\S]|[^\\$])+)\$\$/, display: true },
  { opener: "\\[", whole: /^\\\[([\s\S]+?)\\\]/, display: true },
  { opener: "\\(", whole: /^\\\(([\s\S]+?)\\\)/, display: false },
  {
    opener: "$",
    whole: /^\$(?!\s|\$)((?:\\[^\n]|[^\\$\n])*?(?:\\[^\n]|[^\\$\s]))\$(?!\d)/,
    display: false,
  },
];

/** Formulas between `$…$`, `$$…$$`, `\(…\)` and `\[…\]`. */
export const mathExtension: TokenizerAndRendererExtension = {
  name: "math",
  level: "inline",
  start(source) {
    const at = source.search(/\$|\\[[(]/);
    return at === -1 ? undefined : at;
  },
  tokenizer: (source) => readMath(source),
};

/** Reads the formula that a text begins with. */
export function readMath(source: string): MathToken | undefined {
  const delimiters = DELIMITERS.find(({ opener }) => source.startsWith(opener));
  const match = delimiters?.whole.exec(source);
  if (delimiters === undefined || match == null) return undefined;
  const [raw, tex = ""] = match;
  return { type: "math", raw, tex: tex.trim(), display: delimiters.display };
}

/**
 * Whether a text begins with a formula that is not closed yet. `$` counts only if mathematics seems to follow:
 * "$5" is money until a closing `$` arrives.
 */
export function isOpenMath(text: string): boolean {
  return /^(?:\$\$|\\[[(]|\$$|\$[A-Za-z\\({|][^\n]{0,80}$)/.test(text);
}
