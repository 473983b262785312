import type { Token } from "marked";
import type { End } from "../parse/document";

/** How a block ends: like the text, or with a blank line (`ended`), so that only the typing cursor is still there. */
export type BlockEnd = End | "ended";

/** How the last block of a text ends. */
export function endOfLast(block: Token | undefined, end: End): BlockEnd {
  if (end === "complete" || !/\n[ \t>]*\n[\s>]*$/.test(block?.raw ?? "")) return end;
  return end === "open" ? "ended" : "complete";
}

/** Whether what is open in a block is closed for display. */
export function mayGrow(end: BlockEnd): boolean {
  return end === "open" || end === "cut";
}

/** Whether the typing cursor is at the end of a block. */
export function hasCursor(end: BlockEnd): boolean {
  return end === "open" || end === "ended";
}
