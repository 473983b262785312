import { type RefObject, useCallback, useLayoutEffect, useMemo, useState } from "react";
import { flushSync } from "react-dom";
import { type ListRow, ROW_HEIGHT } from "./list-rows";

/** So far beyond what is seen rows are drawn, and so far somebody scrolls until others are. */
const BEYOND_PX = 320;
const STEP_PX = 160;

/** Which rows of a long list are drawn, and where. */
export interface RowWindow {
  /** The places of the rows that are drawn, from top to bottom. */
  readonly drawn: readonly number[];
  /** The last of those that are near to what is seen. */
  readonly last: number;
  /** Where each row begins, in pixels, and behind the last of them where it ends. */
  readonly edges: readonly number[];
  /** Scrolls as little as shows all of a row. */
  readonly reveal: (row: number) => void;
}

/**
 * Draws only the rows near to what is seen in a scroller.
 *
 * @param always - the place of a row that is drawn wherever the list is scrolled to; -1: none
 */
export function useRowWindow(
  rows: readonly ListRow[],
  scroller: RefObject<HTMLElement | null>,
  always: number,
): RowWindow {
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
    // At once: somebody who drags the scroll bar is not to see an empty list.
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
  const first = rowAt(edges, top - BEYOND_PX);
  const last = rowAt(edges, top + STEP_PX + height + BEYOND_PX);
  const drawn = Array.from({ length: last - first + 1 }, (_, place) => first + place);
  if (always !== -1 && always < first) drawn.unshift(always);
  if (always > last) drawn.push(always);
  return { drawn, last, edges, reveal };
}

function edgesOf(rows: readonly ListRow[]): readonly number[] {
  let edge = 0;
  return [0, ...rows.map((row) => (edge += ROW_HEIGHT[row.kind]))];
}

/** The row at a height, in pixels; the first or the last where there is none. */
export function rowAt(edges: readonly number[], height: number): number {
  let [from, to] = [0, edges.length - 2];
  while (from < to) {
    const middle = Math.ceil((from + to) / 2);
    if ((edges[middle] ?? 0) <= height) from = middle;
    else to = middle - 1;
  }
  return from;
}
