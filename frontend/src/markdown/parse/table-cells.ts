import { literalSpans, openLiteral } from "./literal-spans";

/**
 * Splits a row of a table into its cells, which keep their escapes. A pipe in code or in a formula is part of its
 * cell, unless exactly the cells of a complete row would be lost.
 *
 * @param columns - how many cells the row should have; more than that are parts of the last one
 */
export function tableCells(row: string, columns = 0): readonly string[] {
  const literal = splitAt(row, pipesIn(row, true));
  const plain =
    literal.length < columns && /\|\s*$/.test(row) ? splitAt(row, pipesIn(row, false)) : [];
  const cells = columns > 0 && plain.length === columns ? plain : literal;
  if (columns === 0 || cells.length <= columns) return cells;
  return [...cells.slice(0, columns - 1), cells.slice(columns - 1).join(" | ")];
}

/** Writes a row of a table so that it has exactly these cells. */
export function tableRow(cells: readonly string[]): string {
  const escaped = cells.map((cell) => cell.replace(/(\\[\s\S])|\|/g, (_, pair) => pair ?? "\\|"));
  return `| ${escaped.join(" | ")} |`;
}

/**
 * The beginning of an unfinished row, up to a pipe that may turn out to be in code or in a formula, and without a pipe
 * at the end, by which it would be complete.
 */
export function certainCells(row: string): string {
  const open = openLiteral(row);
  const isLast = (at: number) => at > 0 && row.slice(at + 1).trim() === "";
  const pipe = pipesIn(row, true).find((at) => at > open || isLast(at));
  return row.slice(0, pipe);
}

function pipesIn(row: string, skipsLiteral: boolean): readonly number[] {
  const spans = skipsLiteral ? [...literalSpans(row)] : [];
  const pipes: number[] = [];
  let span = 0;
  for (const { 0: match, index } of row.matchAll(/\\[\s\S]|\|/g)) {
    if (match !== "|") continue;
    while ((spans[span]?.end ?? Number.POSITIVE_INFINITY) <= index) span += 1;
    if ((spans[span]?.start ?? Number.POSITIVE_INFINITY) > index) pipes.push(index);
  }
  return pipes;
}

function splitAt(row: string, pipes: readonly number[]): readonly string[] {
  const bounds = [-1, ...pipes, row.length];
  const cells = bounds
    .slice(1)
    .map((end, index) => row.slice((bounds[index] ?? 0) + 1, end).trim());
  // The pipes around a row are optional.
  const start = cells[0] === "" ? 1 : 0;
  const end = cells.length > start && cells.at(-1) === "" ? -1 : cells.length;
  return cells.slice(start, end);
}
