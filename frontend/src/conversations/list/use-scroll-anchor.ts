import { type RefObject, useLayoutEffect, useRef } from "react";
import { edgesOf, type ListRow } from "./list-rows";

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
    const tops = topsOf(previous);
    const changed = previous.find(({ key }, index) => rows[index]?.key !== key);
    // Mostly rows are added at the end, where nothing needs to move.
    if (changed === undefined || (tops.get(changed.key) ?? 0) >= element.scrollTop) return;
    const now = topsOf(rows);
    for (const [key, top] of tops) {
      const moved = now.get(key);
      if (top < element.scrollTop || moved === undefined) continue;
      element.scrollTop += moved - top;
      return;
    }
  }, [rows, scroller]);
}

function topsOf(rows: readonly ListRow[]): ReadonlyMap<string, number> {
  const edges = edgesOf(rows);
  return new Map(rows.map(({ key }, index) => [key, edges[index] ?? 0]));
}
