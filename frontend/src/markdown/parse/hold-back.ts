import type { Token } from "marked";
import { isMarkdownFence, readFence } from "./fence";
import { certainCells, tableCells } from "./table-cells";

/** The markers of quotes and list items, and the spaces, that a line begins with. */
export const CONTAINERS = /^(?:[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])))*[ \t]*/;

// Last lines whose meaning the next characters decide, without their quote and list markers. Shown at once,
// they would be raw syntax for a moment, or turn the line above into a heading.
const UNDECIDED: readonly RegExp[] = [
  /^#{1,6}[ \t]*$/, // heading
  /^(?:[-*_][ \t]*)+$/, // rule, underline of a heading, list marker, emphasis
  /^=+[ \t]*$/, // underline of a heading
  /^(?:\+|\d{1,9}[.)]?)$/, // list marker
  /^>+$/, // quote
  /^(?:`{1,2}|~{1,2}|`{3,}[^`]*|~{3,}.*)$/, // fence
  /^\[[ xX]?\]?[ \t]*$/, // task
  /^\[[^\]\s]*\]?$|^\[(?!\^)[^\]]+\]:/, // link definition, footnote
  /^\\\[[^\\]*(?:\\?|\\\][ \t.,;:]*)$/, // formula, or text in brackets
  /^<details>[ \t]*<[a-z]{0,7}$/i, // details with their summary
  /^[-:|][-:| \t]*$/, // table row, delimiters of a table
];

/**
 * Prepares the open end of a reply for display: holds back a last line whose meaning is undecided.
 *
 * @param tail - Markdown whose last line may be incomplete
 * @param insideFence - whether the last line is inside a code block
 */
export function settle(tail: string, insideFence: boolean): string {
  const lineStart = tail.lastIndexOf("\n") + 1;
  const line = tail.slice(lineStart);
  if (insideFence) return /^[ \t>]*(?:`+|~+)[ \t]*$/.test(line) ? tail.slice(0, lineStart) : tail;
  if (mayBeAnything(line)) return tail.slice(0, lineStart);
  return isTableRow(line) ? tail.slice(0, lineStart) + certainCells(line) : tail;
}

function mayBeAnything(line: string): boolean {
  const prefix = CONTAINERS.exec(line)?.[0] ?? "";
  const content = line.slice(prefix.length);
  if (content === "") return prefix.trim() !== "";
  return UNDECIDED.some((pattern) => pattern.test(content));
}

/** Adds the missing delimiter row to what may be the header of a table at the end of a text. */
export function withTableHeader(tail: string): string {
  const lines = tail.replace(/\n[ \t]*$/, "").split("\n");
  const [last = "", before = "", above] = lines.slice(-3).toReversed();
  if (!isTableRow(last)) return tail;
  const isDelimiter = /^[|:\- \t]+$/.test(last.replace(CONTAINERS, ""));
  if (!isTableRow(before)) {
    const isUnderHeader = isDelimiter && before.replace(CONTAINERS, "") !== "";
    return isUnderHeader ? tail : `${lines.join("\n")}\n${delimiterRow(last)}`;
  }
  if (!isDelimiter || isTableRow(above)) return tail;
  return `${lines.slice(0, -1).join("\n")}\n${delimiterRow(before)}`;
}

function isTableRow(line = ""): boolean {
  return line.replace(CONTAINERS, "").startsWith("|");
}

function delimiterRow(header: string): string {
  const prefix = CONTAINERS.exec(header)?.[0] ?? "";
  const columns = Math.max(1, tableCells(header.slice(prefix.length)).length);
  return `${prefix.replace(/[^ \t>]/g, " ")}|${"---|".repeat(columns)}`;
}

/** Whether these blocks end with a table. */
export function endsWithTable(tokens: readonly Token[]): boolean {
  const last = tokens.findLast(({ type }) => type !== "space");
  if (last === undefined || last.type === "table") return last !== undefined;
  if (last.type === "list") return endsWithTable(last.items.at(-1)?.tokens ?? []);
  return "tokens" in last && endsWithTable(last.tokens ?? []);
}

/** Whether these blocks end with an open code block. */
export function endsInsideFence(tokens: readonly Token[]): boolean {
  const last = tokens.at(-1);
  switch (last?.type) {
    case "code":
      return isOpenFence(last.raw);
    case "list":
      return endsInsideFence(last.items.at(-1)?.tokens ?? []);
    case "blockquote":
    case "details":
      return endsInsideFence(("tokens" in last && last.tokens) || []);
    default:
      return false;
  }
}

/** Whether the fence of a code block is not closed. */
export function isOpenFence(raw: string): boolean {
  if (isMarkdownFence(raw)) return readFence(raw)?.isOpen === true;
  // The source of a closed block may include blank lines after it.
  const lines = raw.trimEnd();
  const lastLine = lines.lastIndexOf("\n");
  const firstLine = lines.indexOf("\n");
  const ends = firstLine === lastLine ? lines : lines.slice(0, firstLine) + lines.slice(lastLine);
  return readFence(ends)?.isOpen === true;
}
