import type { Tokens } from "marked";
import { memo } from "react";
import type { Openness } from "./block";
import { Inline } from "./inline";
import { TypingCursor } from "./typing-cursor";

/** A table that scrolls by itself when it is wider than the reply. */
export function Table({ table, openness }: { table: Tokens.Table; openness: Openness }) {
  const last = table.rows.length - 1;
  return (
    <div className="table-frame">
      <table>
        <thead>
          <Row cells={table.header} openness={last === -1 ? openness : "finished"} />
        </thead>
        <tbody>
          {table.rows.map((cells, index) => (
            <Row
              // biome-ignore lint/suspicious/noArrayIndexKey: the place of a row is its identity
              key={index}
              cells={cells}
              openness={index === last ? openness : "finished"}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  readonly cells: readonly Tokens.TableCell[];
  readonly openness: Openness;
}

const Row = memo(function Row({ cells, openness }: RowProps) {
  const typingAt = openness === "typing" ? Math.max(0, lastFilled(cells)) : -1;
  return (
    <tr>
      {cells.map((cell, index) => {
        const Cell = cell.header ? "th" : "td";
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: the place of a cell is its identity
          <Cell key={index} data-align={cell.align ?? undefined}>
            <Inline text={cell.text} unfinished={openness !== "finished"} />
            {index === typingAt && <TypingCursor />}
          </Cell>
        );
      })}
    </tr>
  );
}, sameRow);

function sameRow(before: RowProps, after: RowProps): boolean {
  return (
    before.openness === after.openness &&
    before.cells.length === after.cells.length &&
    before.cells.every((cell, index) => {
      const other = after.cells[index];
      return cell.text === other?.text && cell.align === other.align;
    })
  );
}

function lastFilled(cells: readonly Tokens.TableCell[]): number {
  return cells.findLastIndex((cell) => cell.text !== "");
}
