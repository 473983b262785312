const SHORTEST_LINES = 24;
const LONGEST_LINES = 96;

/**
 * Splits code into pieces; all but the last stay the same while the code grows. A piece preferably begins with an
 * unindented line after a blank one, where a new declaration is likely to begin, so that it can be highlighted
 * by itself.
 */
export function codePieces(code: string): readonly string[] {
  const pieces: string[] = [];
  let start = 0;
  let lines = 0;
  for (let at = 0; at < code.length; ) {
    const end = code.indexOf("\n", at) + 1;
    if (end === 0) break;
    lines += 1;
    if (
      (lines >= SHORTEST_LINES && beginsAnew(code, at, end)) ||
      (lines >= LONGEST_LINES && end < code.length)
    ) {
      pieces.push(code.slice(start, end));
      start = end;
      lines = 0;
    }
    at = end;
  }
  return [...pieces, code.slice(start)];
}

/** Whether the line that ends at `end` is blank and the next one is not indented. */
function beginsAnew(code: string, start: number, end: number): boolean {
  return /^\S/.test(code.charAt(end)) && code.slice(start, end).trim() === "";
}
