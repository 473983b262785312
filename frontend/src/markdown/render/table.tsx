import type { Tokens } from "marked";
import { memo, useLayoutEffect, useRef, useState } from "react";
import type { Openness } from "./block";
import { Inline } from "./inline";
import { inSections, SECTION_SIZE, sameSection } from "./sections";
import { TypingCursor } from "./typing-cursor";

type Cells = readonly Tokens.TableCell[];

/**
 * A table that scrolls by itself when it is wider than the reply. When it grows very long, its columns keep
 * the widths that its first section has given them: then the sections that are finished cost no layout.
 */
export function Table({ table, openness }: { table: Tokens.Table; openness: Openness }) {
  const { header, rows } = table;
  const element = useRef<HTMLTableElement>(null);
  const columns = useFixedColumns(element, openness !== "finished" && rows.length > SECTION_SIZE);
  const sections = inSections(rows);
  return (
    // It scrolls, and not only by a pointer.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <div className="table-frame" tabIndex={0}>
      <table
        ref={element}
        role={columns === null ? undefined : "table"}
        className={columns === null ? undefined : "long"}
        style={columns === null ? undefined : { gridTemplateColumns: columns }}
      >
        <thead role={columns === null ? undefined : "rowgroup"}>
          <Row
            cells={header}
            openness={rows.length === 0 ? openness : "finished"}
            isLong={columns !== null}
          />
        </thead>
        {sections.map((section, index) => (
          <Section
            // biome-ignore lint/suspicious/noArrayIndexKey: sections are only ever added at the end
            key={index}
            rows={section}
            isLong={columns !== null}
            openness={index === sections.length - 1 ? openness : "finished"}
          />
        ))}
      </table>
    </div>
  );
}

/**
 * The columns of a table as tracks of a grid, with the widths that they have when they are first to be fixed;
 * null before that.
 */
function useFixedColumns(element: { current: HTMLTableElement | null }, isDue: boolean) {
  const [columns, setColumns] = useState<string | null>(null);
  useLayoutEffect(() => {
    const table = element.current;
    if (!isDue || columns !== null || table === null) return;
    const isScrolled = table.offsetWidth > (table.parentElement?.clientWidth ?? 0);
    const widths = Array.from(table.rows[0]?.cells ?? [], (cell) => cell.offsetWidth);
    const tracks = widths.map((width) => (isScrolled ? `${width}px` : `minmax(4rem, ${width}fr)`));
    setColumns(tracks.join(" "));
  }, [element, isDue, columns]);
  return columns;
}

interface SectionProps {
  readonly rows: readonly Cells[];
  readonly isLong: boolean;
  readonly openness: Openness;
}

const Section = memo(
  function Section({ rows, isLong, openness }: SectionProps) {
    const last = rows.length - 1;
    return (
      <tbody
        role={isLong ? "rowgroup" : undefined}
        className={isLong && openness === "finished" ? "finished" : undefined}
      >
        {rows.map((cells, index) => (
          <Row
            // biome-ignore lint/suspicious/noArrayIndexKey: the place of a row is its identity
            key={index}
            cells={cells}
            isLong={isLong}
            openness={index === last ? openness : "finished"}
          />
        ))}
      </tbody>
    );
  },
  (before, after) =>
    before.isLong === after.isLong &&
    before.openness === after.openness &&
    sameSection(before.rows, after.rows, sameCells),
);

interface RowProps {
  readonly cells: Cells;
  /** In a long table, elements are no longer drawn as what they are, and so have to say it. */
  readonly isLong: boolean;
  readonly openness: Openness;
}

const Row = memo(
  function Row({ cells, isLong, openness }: RowProps) {
    const typingAt = openness === "typing" ? Math.max(0, lastFilled(cells)) : -1;
    return (
      <tr role={isLong ? "row" : undefined}>
        {cells.map((cell, index) => {
          const Cell = cell.header ? "th" : "td";
          return (
            <Cell
              // biome-ignore lint/suspicious/noArrayIndexKey: the place of a cell is its identity
              key={index}
              role={isLong ? (cell.header ? "columnheader" : "cell") : undefined}
              data-align={cell.align ?? undefined}
            >
              <Inline text={cell.text} unfinished={openness !== "finished"} />
              {index === typingAt && <TypingCursor />}
            </Cell>
          );
        })}
      </tr>
    );
  },
  (before, after) =>
    before.isLong === after.isLong &&
    before.openness === after.openness &&
    sameCells(before.cells, after.cells),
);

function sameCells(one: Cells, other: Cells): boolean {
  return sameSection(one, other, (cell, counterpart) => {
    return cell.text === counterpart.text && cell.align === counterpart.align;
  });
}

function lastFilled(cells: Cells): number {
  return cells.findLastIndex((cell) => cell.text !== "");
}
