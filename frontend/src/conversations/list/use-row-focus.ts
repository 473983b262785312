import { type FocusEvent, type RefObject, useCallback, useEffect, useRef, useState } from "react";
import type { ListRow } from "./list-rows";

/**
 * Roving focus in a list: Tab leads to one row, arrow keys lead to the others. Rows out of sight are not in the DOM, so
 * a row is scrolled to first and gets the focus once it is drawn.
 */
export function useRowFocus(
  rows: readonly ListRow[],
  open: string | null,
  scroller: RefObject<HTMLElement | null>,
) {
  const [chosen, setChosen] = useState<string | null>(null);
  const wanted = useRef<string | null>(null);
  const isThere = (key: string | null) => key !== null && rows.some((row) => row.key === key);
  const first = rows.find((row) => row.kind === "conversation")?.key ?? null;
  const tabStop = isThere(chosen) ? chosen : isThere(open) ? open : first;

  useEffect(() => {
    if (wanted.current === null) return;
    const rows = scroller.current?.querySelectorAll<HTMLElement>("[data-conversation]") ?? [];
    const row = [...rows].find(({ dataset }) => dataset.conversation === wanted.current);
    const link = row?.querySelector("a");
    if (!link) return;
    wanted.current = null;
    link.focus({ preventScroll: true });
  });

  const latest = useRef({ rows, tabStop });
  latest.current = { rows, tabStop };

  return {
    /** The key of the row that Tab leads to. */
    tabStop,
    /** Handles a key; returns the index of the row that it leads to, or null. */
    move(key: string): number | null {
      const index = target(rows, tabStop, key);
      const row = index === null ? undefined : rows[index];
      if (row === undefined) return null;
      wanted.current = row.key;
      setChosen(row.key);
      return index;
    },
    onFocus: useCallback((event: FocusEvent) => {
      const row = event.target.closest<HTMLElement>("[data-conversation]");
      if (row?.dataset.conversation !== undefined) setChosen(row.dataset.conversation);
    }, []),
    /** Moves the focus away from a row that will be removed. Returns false if there is no other row. */
    leaveRow: useCallback((id: string) => {
      const { rows } = latest.current;
      const index = rows.findIndex((row) => row.key === id);
      const next = step(rows, index, 1) ?? step(rows, index, -1);
      const key = next === null ? null : (rows[next]?.key ?? null);
      wanted.current = key;
      setChosen(key);
      return key !== null;
    }, []),
  };
}

function target(rows: readonly ListRow[], from: string | null, key: string): number | null {
  const index = rows.findIndex((row) => row.key === from);
  switch (key) {
    case "ArrowDown":
      return step(rows, index, 1);
    case "ArrowUp":
      return step(rows, index, -1);
    case "Home":
      return step(rows, -1, 1);
    case "End":
      return step(rows, rows.length, -1);
    default:
      return null;
  }
}

function step(rows: readonly ListRow[], from: number, by: 1 | -1): number | null {
  for (let index = from + by; index >= 0 && index < rows.length; index += by) {
    if (rows[index]?.kind === "conversation") return index;
  }
  return null;
}
