import { type Lexer, type Token, Tokenizer, type Tokens } from "marked";
import { type Emphasis, findEmphasis } from "./emphasis";
import { literalSpans } from "./literal-spans";

const DEEPEST = 20;

/** An inline text that marked is parsing: that of a block, or a part of it. */
interface InlineRun {
  /** In the text of a link, code and escapes are masked. */
  readonly text: string;
  /** Whether the text may grow, so that the syntax that is open at its end reaches to the end. */
  readonly isOpen: boolean;
  /** The text that it is a part of, up to its beginning. */
  readonly before: string;
  readonly emphasis: ReadonlyMap<number, Emphasis>;
}

type Beginning = Omit<InlineRun, "emphasis"> & {
  readonly emphasis: ReadonlyMap<number, Emphasis> | null;
};

// marked tells tokenizers what is left of a text, but not which text.
let run: InlineRun | null = null;
let beginning: Beginning | null = null;
let depth = 0;

/** Parses the inline text of a block or of an element. */
export function lexRun(lexer: Lexer, text: string, isOpen: boolean): Token[] {
  depth += 1;
  try {
    return lexPart(lexer, { text, isOpen, before: "", emphasis: null });
  } finally {
    depth -= 1;
  }
}

function lexPart(lexer: Lexer, part: Beginning): Token[] {
  const outer = run;
  beginning = part;
  try {
    return lexer.inlineTokens(part.text);
  } finally {
    run = outer;
  }
}

/** Whether elements may be in the run; more deeply nested ones are text. */
export function mayHaveElements(): boolean {
  return depth < DEEPEST;
}

/** What is before this rest of the text. */
export function textBefore(source: string): string {
  return run === null ? "" : run.before + run.text.slice(0, run.text.length - source.length);
}

/** Whether what is not closed reaches to the end of the text. */
export function isRunOpen(): boolean {
  return run?.isOpen === true;
}

/**
 * A hook of marked at the beginning of each text.
 *
 * @param masked - the text without links, code and escapes
 */
export function beginRun(masked: string): string {
  const begun = beginning;
  beginning = null;
  const isOpen = begun?.isOpen === true;
  const text = begun?.text ?? masked;
  const emphasis = begun?.emphasis ?? findEmphasis(withoutLiterals(masked, text), isOpen);
  run = { text, isOpen, before: begun?.before ?? "", emphasis };
  return masked;
}

/** Parses a link, whose text is a run of its own. */
export function readLink(
  tokenizer: Tokenizer,
  source: string,
): Tokens.Link | Tokens.Image | undefined {
  const outer = run;
  try {
    return Tokenizer.prototype.link.call(tokenizer, source);
  } finally {
    run = outer;
  }
}

/** The emphasis that a rest of the text begins with, or the delimiters before it in their run. */
export function readEmphasis(lexer: Lexer, source: string): Token | undefined {
  const [delimiters] = /^(?:\*+|_+|~+)/.exec(source) ?? [];
  if (delimiters === undefined || run === null) return undefined;
  const { emphasis } = run;
  const at = run.before.length + run.text.length - source.length;
  let skipped = 0;
  while (skipped < delimiters.length && !emphasis.has(at + skipped)) skipped += 1;
  const found = emphasis.get(at + skipped);
  if (found === undefined || skipped > 0) {
    const raw = delimiters.slice(0, skipped);
    return { type: "text", raw, text: raw, escaped: false };
  }
  const before = textBefore(source) + delimiters.slice(0, found.length);
  const text = source.slice(found.length, found.contentEnd - at);
  const isOpen = found.end === found.contentEnd;
  const part = { text, isOpen, before, emphasis };
  const raw = source.slice(0, found.end - at);
  return { type: found.type, raw, text, tokens: lexPart(lexer, part) };
}

function withoutLiterals(masked: string, text: string): string {
  let rest = "";
  let at = 0;
  for (const { start, end } of literalSpans(text)) {
    rest += masked.slice(at, start) + "a".repeat(end - start);
    at = end;
  }
  return rest + masked.slice(at);
}
