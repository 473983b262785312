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

// A single dollar sign is more often money than mathematics, so the rule is Pandoc's: the opening one
// has no space after it, the closing one no space before it and no digit after it.
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

function readMath(source: string): MathToken | undefined {
  const delimiters = DELIMITERS.find(({ opener }) => source.startsWith(opener));
  const found = delimiters?.whole.exec(source);
  if (delimiters === undefined || found == null) return undefined;
  const [raw, tex = ""] = found;
  return { type: "math", raw, tex: tex.trim(), display: delimiters.display };
}

/**
 * Where a formula begins that is not closed yet, or -1. `$` counts only if what follows looks like
 * mathematics, for "$5" is money until a closing sign says otherwise.
 *
 * @param text - inline Markdown whose code spans are closed
 */
export function openMathAt(text: string): number {
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const skipped = /^(?:[^\\$`]+|(`+)[\s\S]*?\1|\\[^[(]|`+)/.exec(rest) ?? null;
    if (skipped !== null) {
      at += skipped[0].length;
      continue;
    }
    const whole = readMath(rest);
    if (whole === undefined && isOpener(rest)) return at;
    at += whole?.raw.length ?? 1;
  }
  return -1;
}

function isOpener(rest: string): boolean {
  return /^(?:\$\$|\\[[(]|\\$|\$$|\$[A-Za-z\\({|][^\n]{0,80}$)/.test(rest);
}
