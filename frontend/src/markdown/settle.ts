import type { Token } from "marked";

const CONTAINERS = /^(?:[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])))*[ \t]*/;

// What a last line may be the beginning of, once its quote and list markers are off. Shown as it is, it
// would be seen as raw syntax for a moment, or turn the line above into a heading.
const UNDECIDED: readonly RegExp[] = [
  /^#{1,6}[ \t]*$/, // heading
  /^(?:[-*_][ \t]*)+$/, // rule, underline of a heading, list marker, emphasis
  /^=+[ \t]*$/, // underline of a heading
  /^(?:\+|\d{1,9}[.)]?)$/, // list marker
  /^>+$/, // quote
  /^(?:`{1,2}|~{1,2}|`{3,}[^`]*|~{3,}.*)$/, // fence
  /^\[[ xX]?\]?$/, // task
  /^\[[^\]]+\]:/, // link definition
  /^\|[ \t]*$/, // table row
];

/**
 * Makes the open end of a reply fit to be drawn: a last line that can still become anything is held
 * back, and a table has a header from its first row on.
 *
 * @param tail - Markdown whose last line may be unfinished
 * @param insideFence - whether the last line is inside a code block
 */
export function settle(tail: string, insideFence: boolean): string {
  const lineStart = tail.lastIndexOf("\n") + 1;
  const line = tail.slice(lineStart);
  if (insideFence) return /^[ \t>]*(?:`+|~+)[ \t]*$/.test(line) ? tail.slice(0, lineStart) : tail;
  const prefix = CONTAINERS.exec(line)?.[0] ?? "";
  const content = line.slice(prefix.length);
  if (content === "" && prefix.trim() !== "") return tail.slice(0, lineStart);
  if (UNDECIDED.some((pattern) => pattern.test(content))) return tail.slice(0, lineStart);
  return content.startsWith("|") ? settleTable(tail, lineStart, prefix) : tail;
}

/** Gives the header of a table the delimiter row it is still waiting for. */
function settleTable(tail: string, lineStart: number, prefix: string): string {
  const line = tail.slice(lineStart);
  const before = tail.slice(0, Math.max(0, lineStart - 1)).split("\n");
  const above = tableRow(before.at(-1));
  if (above === undefined) return `${tail}\n${delimiters(line, prefix)}`;
  const isDelimiter = /^[|:\- \t]+$/.test(line.slice(prefix.length));
  if (!isDelimiter || tableRow(before.at(-2)) !== undefined) return tail;
  return `${tail.slice(0, lineStart)}${delimiters(above, prefix)}`;
}

function tableRow(line: string | undefined): string | undefined {
  return line !== undefined && /^[ \t>]*\|/.test(line) ? line : undefined;
}

function delimiters(header: string, prefix: string): string {
  const cells = header
    .trim()
    .replace(/\\\|/g, "")
    .replace(/^[> \t]*\||\|$/g, "")
    .split("|");
  return `${prefix.replace(/[-*+]|\d+[.)]/g, (marker) => " ".repeat(marker.length))}|${cells.map(() => "---|").join("")}`;
}

/** Whether the last thing in these blocks is a code block that is still open. */
export function endsInsideFence(tokens: readonly Token[]): boolean {
  const last = tokens.at(-1);
  switch (last?.type) {
    case "code":
      return isOpenFence(last.raw);
    case "list":
      return endsInsideFence(last.items.at(-1)?.tokens ?? []);
    case "blockquote":
      return endsInsideFence(last.tokens ?? []);
    default:
      return false;
  }
}

/** Whether a code block begins with a fence that no line closes. */
export function isOpenFence(raw: string): boolean {
  const fence = /^ {0,3}(`{3,}|~{3,})/.exec(raw)?.[1];
  if (fence === undefined) return false;
  const lastLine = raw.slice(raw.lastIndexOf("\n") + 1);
  if (!raw.includes("\n")) return true;
  const closing = new RegExp(`^ {0,3}${fence}[\`~]*[ \t]*$`);
  return !closing.test(lastLine);
}
