import { type RefObject, useLayoutEffect, useRef } from "react";
import { type ListRow, ROW_HEIGHT } from "./list-rows";

/**
 * Keeps the visible rows in position when rows are added or removed above them. At the very top it does not, because
 * there people look at the newest rows.
 */
export function useScrollAnchor(
  scroller: RefObject<HTMLElement | null>,
  rows: readonly ListRow[],
): void {
  const before = useRef(rows);
  useLayoutEffect(() => {
    const element = scroller.current;
    const previous = before.current;
    before.current = rows;
    if (element === null || previous === rows || element.scrollTop === 0) return;
    if (heightOfSameStart(previous, rows) >= element.scrollTop) return;
    const now = tops(rows);
    for (const [key, top] of tops(previous)) {
      const moved = now.get(key);
      if (top < element.scrollTop || moved === undefined) continue;
      element.scrollTop += moved - top;
      return;
    }
  }, [rows, scroller]);
}

/** The height of the common start. Mostly rows are added at the end, where nothing needs to move. */
function heightOfSameStart(previous: readonly ListRow[], rows: readonly ListRow[]): number {
  let height = 0;
  for (const [index, row] of previous.entries()) {
    if (rows[index]?.key !== row.key) break;
    height += ROW_HEIGHT[row.kind];
  }
  return height;
}

function tops(rows: readonly ListRow[]): Map<string, number> {
  let top = 0;
  return new Map(
    rows.map((row) => {
      const entry = [row.key, top] as const;
      top += ROW_HEIGHT[row.kind];
      return entry;
    }),
  );
}
