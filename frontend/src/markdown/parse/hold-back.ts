import type { Token } from "marked";

const CONTAINERS = /^(?:[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])))*[ \t]*/;

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
  /^[-:|][-:| \t]*$/, // table row, delimiters of a table
];

/**
 * Prepares the open end of a reply for display: holds back a last line whose meaning is undecided, and completes
 * the header of a table.
 *
 * @param tail - Markdown whose last line may be incomplete
 * @param insideFence - whether the last line is inside a code block
 */
export function settle(tail: string, insideFence: boolean): string {
  const lineStart = tail.lastIndexOf("\n") + 1;
  const line = tail.slice(lineStart);
  const isUndecided = insideFence ? /^[ \t>]*(?:`+|~+)[ \t]*$/.test(line) : mayBeAnything(line);
  const decided = isUndecided ? tail.slice(0, lineStart) : tail;
  return insideFence ? decided : withTableHeader(decided);
}

function mayBeAnything(line: string): boolean {
  const prefix = CONTAINERS.exec(line)?.[0] ?? "";
  const content = line.slice(prefix.length);
  if (content === "") return prefix.trim() !== "";
  return UNDECIDED.some((pattern) => pattern.test(content));
}

/** Adds the missing delimiter row to the header of a table. */
function withTableHeader(tail: string): string {
  const lines = tail.replace(/\n[ \t]*$/, "").split("\n");
  const [last = "", before = "", above] = lines.slice(-3).toReversed();
  if (!isTableRow(last)) return tail;
  if (!isTableRow(before)) return `${lines.join("\n")}\n${delimiterRow(last)}`;
  const isDelimiter = /^[|:\- \t]+$/.test(last.replace(CONTAINERS, ""));
  if (!isDelimiter || isTableRow(above)) return tail;
  return `${lines.slice(0, -1).join("\n")}\n${delimiterRow(before)}`;
}

function isTableRow(line = ""): boolean {
  return line.replace(CONTAINERS, "").startsWith("|");
}

function delimiterRow(header: string): string {
  const prefix = CONTAINERS.exec(header)?.[0] ?? "";
  const row = header.slice(prefix.length).trim().replace(/\\\|/g, "");
  const columns = row.replace(/^\||\|$/g, "").split("|").length;
  return `${prefix.replace(/[^ \t>]/g, " ")}|${"---|".repeat(columns)}`;
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
      return endsInsideFence(last.tokens ?? []);
    default:
      return false;
  }
}

/** Whether the fence of a code block is not closed. */
export function isOpenFence(raw: string): boolean {
  const fence = /^ {0,3}(`{3,}|~{3,})/.exec(raw)?.[1];
  if (fence === undefined) return false;
  // marked includes the line end after a closed block.
  let end = raw.length;
  while (raw[end - 1] === "\n") end -= 1;
  const lines = raw.slice(0, end);
  const lastLine = lines.slice(lines.lastIndexOf("\n") + 1);
  if (lastLine === lines) return true;
  const closing = new RegExp(`^ {0,3}${fence}[\`~]*[ \t]*$`);
  return !closing.test(lastLine);
}
