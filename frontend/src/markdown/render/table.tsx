import type { Tokens } from "marked";
import { memo, useLayoutEffect, useRef, useState } from "react";
import { type BlockEnd, hasCursor, mayGrow } from "./block-end";
import { Inline } from "./inline";
import { inSections, SECTION_SIZE, sameSection } from "./sections";
import { TypingCursor } from "./typing-cursor";

type Cells = readonly Tokens.TableCell[];

/**
 * A table that scrolls horizontally when it is wider than the reply. Once it is long, its columns keep the
 * widths of its first section, so that finished sections cost no layout.
 */
export function Table({ table, end }: { table: Tokens.Table; end: BlockEnd }) {
  const { header, rows } = table;
  const element = useRef<HTMLTableElement>(null);
  const columns = useFixedColumns(element, end !== "complete" && rows.length > SECTION_SIZE);
  const sections = inSections(rows);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
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
            end={rows.length === 0 ? end : "complete"}
            isLong={columns !== null}
          />
        </thead>
        {sections.map((section, index) => (
          <Section
            // biome-ignore lint/suspicious/noArrayIndexKey: sections are only ever added at the end
            key={index}
            rows={section}
            isLong={columns !== null}
            end={index === sections.length - 1 ? end : "complete"}
          />
        ))}
      </table>
    </div>
  );
}

/** The columns as grid tracks, with their widths at the moment when `isDue` becomes true; null before. */
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
  readonly end: BlockEnd;
}

const Section = memo(
  function Section({ rows, isLong, end }: SectionProps) {
    const last = rows.length - 1;
    return (
      <tbody
        role={isLong ? "rowgroup" : undefined}
        className={isLong && end === "complete" ? "finished" : undefined}
      >
        {rows.map((cells, index) => (
          <Row
            // biome-ignore lint/suspicious/noArrayIndexKey: a row keeps its position
            key={index}
            cells={cells}
            isLong={isLong}
            end={index === last ? end : "complete"}
          />
        ))}
      </tbody>
    );
  },
  (before, after) =>
    before.isLong === after.isLong &&
    before.end === after.end &&
    sameSection(before.rows, after.rows, sameCells),
);

interface RowProps {
  readonly cells: Cells;
  /** The elements of a long table have another `display`, which hides their roles: they are set explicitly. */
  readonly isLong: boolean;
  readonly end: BlockEnd;
}

const Row = memo(
  function Row({ cells, isLong, end }: RowProps) {
    const last = Math.max(0, lastFilled(cells));
    return (
      <tr role={isLong ? "row" : undefined}>
        {cells.map((cell, index) => {
          const Cell = cell.header ? "th" : "td";
          return (
            <Cell
              // biome-ignore lint/suspicious/noArrayIndexKey: a cell keeps its position
              key={index}
              role={isLong ? (cell.header ? "columnheader" : "cell") : undefined}
              data-align={cell.align ?? undefined}
            >
              <Inline text={cell.text} unfinished={mayGrow(end) && index >= last} />
              {index === last && hasCursor(end) && <TypingCursor />}
            </Cell>
          );
        })}
      </tr>
    );
  },
  (before, after) =>
    before.isLong === after.isLong &&
    before.end === after.end &&
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
