const SHORTEST_LINES = 24;
const LONGEST_LINES = 96;

/**
 * Cuts code into pieces that stay the same while more is written at its end, all but the last one. They
 * are cut where something new begins, as far as the look of it tells: a line that is not indented after a
 * blank one. So each piece means the same by itself as it does in the whole, and can be coloured alone.
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

/** Whether the line up to `end` is blank and the next one is not indented. */
function beginsAnew(code: string, start: number, end: number): boolean {
  return /^\S/.test(code.charAt(end)) && code.slice(start, end).trim() === "";
}
