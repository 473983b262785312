import { CJK_LETTER } from "./cjk";

/** Emphasis, strong emphasis or strikethrough. Its opener and its closer are equally long. */
export interface Emphasis {
  readonly type: "em" | "strong" | "del";
  readonly length: 1 | 2;
  /** Where its closer begins; the end of the text if the closer may still arrive. */
  readonly contentEnd: number;
  readonly end: number;
}

interface Run {
  readonly char: string;
  readonly at: number;
  readonly size: number;
  readonly canOpen: boolean;
  readonly canClose: boolean;
}

interface Opener extends Run {
  readonly id: number;
  left: number;
}

// More deeply nested emphasis is text, because rendering would run out of stack.
const DEEPEST = 50;

const CJK_PUNCTUATION = /[\u3001-\u303f\uff01-\uff65\uffe0-\uffe6\u2018-\u201f]/;
const CJK = new RegExp(`[${CJK_LETTER}]`, "u");
const SENTENCE_PUNCTUATION = /[:.!?%)\]}"'”’»]/;

/**
 * Finds all emphasis by CommonMark's rules, with those exceptions:
 *
 * - Chinese and Japanese punctuation counts as letters for `*`, and Chinese, Japanese and Korean letters count as
 *   spaces outside, because these languages use no spaces: `**「重要」**です`, `**회의(Meeting)**는`.
 * - `**` also closes between punctuation that ends words and a letter or a digit: `**Note:**next`.
 * - Only two tildes mark strikethrough; one usually means "about".
 *
 * @param text - without what delimiters do not reach into, such as code
 * @param isOpen - whether the text may grow, so that all open emphasis reaches to its end
 * @returns by the position of the opener
 */
export function findEmphasis(text: string, isOpen: boolean): ReadonlyMap<number, Emphasis> {
  const found = new Map<number, Emphasis>();
  const openers: Opener[] = [];
  // Openers up to this id are known not to fit this kind of closer, so that the search is linear.
  const searched = new Map<string, number>();
  let id = 0;
  for (const run of runsIn(text)) {
    let left = run.size;
    const kind = `${run.char}${run.canOpen}${run.size % 3}`;
    while (run.canClose && left > 0) {
      const index = findOpener(openers, run, searched.get(kind) ?? 0);
      const opener = openers[index];
      if (opener === undefined) {
        searched.set(kind, id);
        break;
      }
      const length = opener.left >= 2 && left >= 2 ? 2 : 1;
      const contentEnd = run.at + run.size - left;
      opener.left -= length;
      left -= length;
      found.set(opener.at + opener.left, {
        type: typeOf(run.char, length),
        length,
        contentEnd,
        end: contentEnd + length,
      });
      openers.length = opener.left > 0 ? index + 1 : index;
    }
    if (left > 0 && run.canOpen) {
      id += 1;
      openers.push({ ...run, at: run.at + run.size - left, id, left });
    }
  }
  if (isOpen) for (const opener of openers) openToTheEnd(found, opener, text.length);
  return withoutDeepest(found);
}

function* runsIn(text: string): Generator<Run> {
  for (const { 0: run, index: at } of text.matchAll(/\*+|_+|~+/g)) {
    const char = run.charAt(0);
    const size = run.length;
    if (char === "~" && size !== 2) continue;
    yield { char, at, size, ...roleOf(char, size, charBefore(text, at), charAt(text, at + size)) };
  }
}

/** Whether a run can open or close emphasis, by CommonMark's rules for flanking. */
function roleOf(char: string, size: number, before: string, after: string) {
  const asLetter = (neighbor: string) =>
    char === "*" && CJK_PUNCTUATION.test(neighbor) ? "a" : neighbor;
  const [left, right] = [asLetter(before), asLetter(after)];
  const canOpen = isFlanking(left, right);
  const canClose = isFlanking(right, left);
  if (char === "_") {
    return {
      canOpen: canOpen && (!canClose || isPunctuation(before)),
      canClose: canClose && (!canOpen || isPunctuation(after)),
    };
  }
  const endsWord = SENTENCE_PUNCTUATION.test(before) && /[\p{L}\p{N}]/u.test(after);
  return { canOpen, canClose: canClose || (char === "*" && size >= 2 && endsWord) };
}

/** Whether a run between `outside` and `inside` flanks `inside`. */
function isFlanking(outside: string, inside: string): boolean {
  if (isSpace(inside)) return false;
  return !isPunctuation(inside) || isSpace(outside) || isPunctuation(outside) || CJK.test(outside);
}

function isSpace(char: string): boolean {
  return char === "" || /\s/.test(char);
}

function isPunctuation(char: string): boolean {
  return /[\p{P}\p{S}]/u.test(char);
}

function charAt(text: string, at: number): string {
  return at < text.length ? String.fromCodePoint(text.codePointAt(at) ?? 0) : "";
}

function charBefore(text: string, at: number): string {
  const isPair = /[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(Math.max(0, at - 2), at));
  return text.slice(Math.max(0, at - (isPair ? 2 : 1)), at);
}

function findOpener(openers: readonly Opener[], closer: Run, afterId: number): number {
  for (let index = openers.length - 1; index >= 0; index -= 1) {
    const opener = openers[index];
    if (opener === undefined || opener.id <= afterId) return -1;
    if (opener.char === closer.char && !isRuledOut(opener, closer)) return index;
  }
  return -1;
}

/** CommonMark's rules 9 and 10: `*a**b*` is not closed by the `**`. */
function isRuledOut(opener: Run, closer: Run): boolean {
  if (!opener.canClose && !closer.canOpen) return false;
  if (opener.size % 3 === 0 && closer.size % 3 === 0) return false;
  return (opener.size + closer.size) % 3 === 0;
}

function openToTheEnd(found: Map<number, Emphasis>, { char, at, left }: Opener, end: number) {
  for (let length: 1 | 2; left > 0; left -= length) {
    length = left >= 2 ? 2 : 1;
    found.set(at + left - length, { type: typeOf(char, length), length, contentEnd: end, end });
  }
}

function typeOf(char: string, length: 1 | 2) {
  if (char === "~") return "del";
  return length === 2 ? "strong" : "em";
}

function withoutDeepest(found: ReadonlyMap<number, Emphasis>): ReadonlyMap<number, Emphasis> {
  if (found.size <= DEEPEST) return found;
  const kept = new Map<number, Emphasis>();
  const around: Emphasis[] = [];
  for (const [at, emphasis] of [...found].sort(([one], [other]) => one - other)) {
    while ((around.at(-1)?.contentEnd ?? Number.POSITIVE_INFINITY) <= at) around.pop();
    if (around.length < DEEPEST) {
      kept.set(at, emphasis);
      around.push(emphasis);
    }
  }
  return kept;
}
