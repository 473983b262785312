/** A formula in TeX. */
export interface MathToken {
  readonly type: "math";
  readonly raw: string;
  readonly tex: string;
  readonly display: boolean;
}

/** One way to write formulas. */
interface Syntax {
  readonly opener: RegExp;
  readonly whole: RegExp;
  readonly display: boolean;
  /** Whether what `whole` matches is a formula. */
  readonly isFormula: (formula: Candidate) => boolean;
  /** Whether a text that begins with the opener may become a formula. */
  readonly mayBecomeFormula: (formula: Candidate) => boolean;
}

interface Candidate {
  readonly tex: string;
  /** The text before it in its block, at least that of its line. */
  readonly before: string;
  readonly after: string;
}

/** The most characters of a formula. It keeps texts with many openers and no closers from taking quadratic time. */
export const LONGEST = 5_000;

// amsmath's environments for displayed formulas, and those that are parts of formulas.
const ENVIRONMENT =
  "(?:equation|align|alignat|aligned|alignedat|flalign|gather|gathered|multline|eqnarray|split|cases|rcases|dcases|array|subarray|smallmatrix|[pbBvV]?matrix|CD)\\*?";

const SYNTAXES: readonly Syntax[] = [
  {
    opener: /^\$\$/,
    // Three dollars and more are no delimiters.
    whole: /^\$\$((?:\\[\s\S]|[^\\$])+)\$\$(?!\$)/,
    display: true,
    isFormula: (formula) =>
      formula.tex.trim() !== "" &&
      !/^\d/.test(formula.after) &&
      (beginsLine(formula) || !isProse(formula.tex)),
    mayBecomeFormula: (formula) =>
      !formula.tex.startsWith("$") && (beginsLine(formula) || !isProse(formula.tex)),
  },
  {
    opener: /^\\\[/,
    whole: new RegExp(`^\\\\\\[((?:\\\\[^\\]\\[]|[^\\\\]){1,${LONGEST}})\\\\\\]`),
    display: true,
    isFormula: (formula) =>
      formula.tex.trim() !== "" &&
      ((beginsLine(formula) && /^[ \t.,;:]*(?:\n|$)/.test(formula.after)) ||
        (isMathematical(formula.tex) && !isProse(formula.tex))),
    mayBecomeFormula: (formula) => beginsLine(formula) || !isProse(formula.tex),
  },
  {
    opener: /^\\\(/,
    whole: new RegExp(`^\\\\\\(((?:\\\\[^()]|[^\\\\]){1,${LONGEST}})\\\\\\)`),
    display: false,
    isFormula: (formula) => isInParentheses(formula),
    mayBecomeFormula: ({ tex }) => !isProse(tex),
  },
  {
    opener: new RegExp(`^\\\\begin\\{${ENVIRONMENT}\\}`),
    whole: new RegExp(
      `^(\\\\begin\\{(${ENVIRONMENT})\\}(?:(?!\\\\begin\\{\\2)[\\s\\S]){0,${LONGEST}}?\\\\end\\{\\2\\})`,
    ),
    display: true,
    isFormula: (formula) => beginsLine(formula) || saysMore(formula.tex),
    mayBecomeFormula: (formula) => beginsLine(formula) || !isProse(formula.tex),
  },
  {
    opener: /^\$/,
    whole: /^\$((?:\\[^\n]|[^\\$\n])+)\$/,
    display: false,
    isFormula: isInDollars,
    // "$5" is money until a closing `$` arrives.
    mayBecomeFormula: (formula) =>
      opensInDollars(formula) &&
      /^(?:$|[A-Za-z\\({|][^\n]{0,80}$)/.test(formula.tex) &&
      !isProse(formula.tex),
  },
];

const OPEN_ENVIRONMENT = /^\\(?:b|be|beg|begi|begin|begin\{[A-Za-z]*\*?)?$/;

/**
 * Reads the formula that a text begins with.
 *
 * @param before - the text before it in its block, at least that of its line
 */
export function readMath(source: string, before: string): MathToken | undefined {
  const syntax = SYNTAXES.find(({ opener }) => opener.test(source));
  const match = syntax?.whole.exec(source);
  if (syntax === undefined || match == null) return undefined;
  const [raw, tex = ""] = match;
  if (!syntax.isFormula({ tex, before, after: source.slice(raw.length) })) return undefined;
  return { type: "math", raw, tex: tex.trim(), display: syntax.display };
}

/** Whether a text begins with a formula that is not closed yet. */
export function isOpenMath(text: string, before: string): boolean {
  const start = text.slice(0, LONGEST);
  if (OPEN_ENVIRONMENT.test(start)) return true;
  const syntax = SYNTAXES.find(({ opener }) => opener.test(start));
  if (syntax === undefined || text.length >= LONGEST || syntax.whole.test(start)) return false;
  const tex = start.replace(syntax.opener, "");
  return syntax.mayBecomeFormula({ tex, before, after: "" });
}

/** Whether it takes more text to decide if this is a formula: "$5-$" may begin a price range. */
export function isUndecidedMath({ raw, tex, display }: MathToken): boolean {
  if (display || raw.startsWith("\\")) return false;
  return /^\d/.test(tex) || !isInDollars({ tex: raw.slice(1, -1), before: "", after: "a" });
}

/** Whether an environment has more in it than words. */
function saysMore(environment: string): boolean {
  const inside = environment.replace(/^\\begin\{[^{}]*\}|\\end\{[^{}]*\}$/g, "");
  return inside.includes("&") || isMathematical(inside);
}

function beginsLine({ before }: Pick<Candidate, "before">): boolean {
  let at = before.length - 1;
  while (at >= 0 && /[^\S\n]/.test(before.charAt(at))) at -= 1;
  return at < 0 || before.charAt(at) === "\n";
}

const MATHEMATICAL = new RegExp(
  [
    String.raw`\\[A-Za-z]{2,}|\\\\|\n`,
    String.raw`(?:(?<![\p{L}\p{N}])\p{L}|[\p{N})}\]|])[_^][\p{L}\p{N}{\\*+-]`,
    String.raw`(?<!\p{L})\p{L}\(`,
    String.raw`[\p{L}\p{N})}\]|'!]\s*[=+<>≤≥≠≈×·÷→±∈][\s\p{L}\p{N}({[|\\-]`,
    String.raw`(?<!\p{L})[\p{L}\p{N})}\]]\s[-*/]\s[\p{L}\p{N}({\\](?!\p{L})`,
  ].join("|"),
  "u",
);

/** Whether a text says more than words do: it has commands, lines, indices, functions or operators. */
function isMathematical(tex: string): boolean {
  return MATHEMATICAL.test(tex);
}

/** Whether a text has words in a row that are not the argument of a command. */
export function isProse(tex: string): boolean {
  const plain = tex.replace(/\\[A-Za-z]+\*?(?:\s*\{[^{}]*(?:\}|$))*|\\./g, "\\");
  return /(?<![\\\p{L}])(?:\p{L}{2,},?\s\p{L}{3,}|\p{L}{3,},?\s\p{L}{2,}(?!\p{L})|\p{Lo}{6})/u.test(
    plain,
  );
}

// `\(` is also an escaped parenthesis: in "from \( to \)", in `\(a|b\)` and in `f\(x\)`.
function isInParentheses({ tex, before }: Candidate): boolean {
  if (isProse(tex)) return false;
  if (isMathematical(tex)) return true;
  const content = tex.trim();
  const isWord = /^(?:\p{Ll}{4,}|\p{Lo}+|and|or|to)$/u.test(content);
  const isPattern = /^\w+(?:\|\w+)+$|^\\?[.\\][*+dDwWsS]|\[.*\w-\w.*\]|\][*+?]$/.test(tex);
  return content !== "" && !isWord && !isPattern && !/[A-Za-z]/.test(before.slice(-1));
}

/** The opening `$` follows no letter, digit or dollar and has no space after it. */
function opensInDollars({ tex, before }: Candidate): boolean {
  return !/[\p{sc=Latin}\p{Nd}$]/u.test(before.slice(-1)) && !/^[\s/,;:)]/.test(tex);
}

/**
 * Pandoc's rule tells formulas from amounts of money: the closing `$` has no space before it and no digit after it.
 * Nor is a `$` a closing one that opens a variable, as in `$HOME/bin:$PATH`, or belongs to a currency, as in `US$`.
 */
function isInDollars(formula: Candidate): boolean {
  const { tex, after } = formula;
  if (!opensInDollars(formula) || /\s$/.test(tex) || /^\d/.test(after)) return false;
  if (/^\d[\d.,]*\s[^\\{}]*\p{L}{3,}/u.test(tex) || isProse(tex)) return false;
  const isBeforeName = /^[A-Za-z_({[]/.test(after);
  if (!isBeforeName) return true;
  return /[\p{L}\p{N})}\]'!]$|[\^_][*+-]$/u.test(tex) && !/^(?:[A-Za-z]{2}\w*|_\w+)$/.test(tex);
}
