import { ASIAN_PUNCTUATION } from "./asian-punctuation";

const ASIAN = new RegExp(ASIAN_PUNCTUATION);

/**
 * Whether a run of `*`, `_` or `~` can open or close emphasis, by CommonMark's rules for flanking. For `*`, Asian
 * punctuation counts as letters.
 *
 * @param char - the character that the run repeats
 * @param before - the character before it; empty at the start of the text
 * @param after - the character after it; empty at the end of the text
 */
export function runRole(char: string, before: string, after: string) {
  const [left, right] = char === "*" ? [asLetter(before), asLetter(after)] : [before, after];
  const opensToTheRight = isFlanking(left, right);
  const closesToTheLeft = isFlanking(right, left);
  if (char !== "_") return { canOpen: opensToTheRight, canClose: closesToTheLeft };
  return {
    canOpen: opensToTheRight && (!closesToTheLeft || isPunctuation(before)),
    canClose: closesToTheLeft && (!opensToTheRight || isPunctuation(after)),
  };
}

/** Whether a run between `outside` and `inside` flanks `inside`. */
function isFlanking(outside: string, inside: string): boolean {
  if (isSpace(inside)) return false;
  return !isPunctuation(inside) || isSpace(outside) || isPunctuation(outside);
}

function asLetter(char: string): string {
  return ASIAN.test(char) ? "a" : char;
}

function isSpace(char: string): boolean {
  return char === "" || /\s/.test(char);
}

function isPunctuation(char: string): boolean {
  return /[\p{P}\p{S}]/u.test(char);
}
