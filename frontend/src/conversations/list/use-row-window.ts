import { type RefObject, useCallback, useLayoutEffect, useMemo, useState } from "react";
import { flushSync } from "react-dom";
import { edgesOf, type ListRow } from "./list-rows";

/** Rows are drawn up to this distance beyond the viewport. */
const MARGIN_PX = 320;
/** The window moves in steps of this size. */
const STEP_PX = 160;

/**
 * Selects the rows of a long list that are near the viewport.
 *
 * @param always - the index of a row that is drawn in any case; -1: none
 * @returns the indexes of the rows to draw, from top to bottom, and the last of them that is near the viewport
 */
export function useRowWindow(
  rows: readonly ListRow[],
  scroller: RefObject<HTMLElement | null>,
  always: number,
) {
  const edges = useMemo(() => edgesOf(rows), [rows]);
  const [step, setStep] = useState(0);
  const [height, setHeight] = useState(0);

  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    const look = () => {
      setStep(Math.floor(box.scrollTop / STEP_PX));
      setHeight(box.clientHeight);
    };
    // Synchronous, so that dragging the scroll bar never shows an empty list.
    const onScroll = () => flushSync(look);
    const resizing = new ResizeObserver(look);
    look();
    resizing.observe(box);
    box.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      resizing.disconnect();
      box.removeEventListener("scroll", onScroll);
    };
  }, [scroller]);

  /** Scrolls as little as necessary to show a whole row. */
  const reveal = useCallback(
    (row: number) => {
      const box = scroller.current;
      const [top, bottom] = edges.slice(row, row + 2);
      if (box === null || top === undefined || bottom === undefined) return;
      if (top < box.scrollTop) box.scrollTop = top;
      else if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight;
    },
    [edges, scroller],
  );

  const top = step * STEP_PX;
  const first = rowAt(edges, top - MARGIN_PX);
  const last = rowAt(edges, top + STEP_PX + height + MARGIN_PX);
  const drawn = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  if (always !== -1 && always < first) drawn.unshift(always);
  if (always > last) drawn.push(always);
  return { drawn, last, edges, reveal };
}

/** The index of the row at a height in pixels; the first or the last row outside of the list. */
export function rowAt(edges: readonly number[], height: number): number {
  let [from, to] = [0, edges.length - 2];
  while (from < to) {
    const middle = Math.ceil((from + to) / 2);
    if ((edges[middle] ?? 0) <= height) from = middle;
    else to = middle - 1;
  }
  return from;
}
