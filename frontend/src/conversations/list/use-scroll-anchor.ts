import { type RefObject, useLayoutEffect, useRef } from "react";
import { type ListRow, ROW_HEIGHT } from "./list-rows";

/**
 * Keeps what is in sight where it is when rows come or go above it. At the very top nothing is kept:
 * there the newest are what somebody looks at.
 */
export function useScrollAnchor(
  scroller: RefObject<HTMLElement | null>,
  rows: readonly ListRow[],
): void {
  const before = useRef(rows);
  useLayoutEffect(() => {
    const element = scroller.current;
    const past = before.current;
    before.current = rows;
    if (element === null || past === rows || element.scrollTop === 0) return;
    if (heightOfSameStart(past, rows) >= element.scrollTop) return;
    const now = tops(rows);
    for (const [key, top] of tops(past)) {
      const moved = now.get(key);
      if (top < element.scrollTop || moved === undefined) continue;
      element.scrollTop += moved - top;
      return;
    }
  }, [rows, scroller]);
}

/** How far down the two are the same. Mostly rows only come at the end, and nothing needs to be done. */
function heightOfSameStart(past: readonly ListRow[], rows: readonly ListRow[]): number {
  let height = 0;
  for (const [place, row] of past.entries()) {
    if (rows[place]?.key !== row.key) break;
    height += ROW_HEIGHT[row.kind];
  }
  return height;
}

function tops(rows: readonly ListRow[]): Map<string, number> {
  let top = 0;
  return new Map(
    rows.map((row) => {
      const place = [row.key, top] as const;
      top += ROW_HEIGHT[row.kind];
      return place;
    }),
  );
}
