import { type FocusEvent, type RefObject, useCallback, useEffect, useRef, useState } from "react";
import type { ListRow } from "./list-rows";

/**
 * The focus in a list of which one row is a stop for Tab and arrow keys lead to the others. Rows that are
 * out of sight are not on the page: a row is scrolled to first, and gets the focus when it is drawn.
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
    /** The conversation that Tab leads to. */
    tabStop,
    /** Takes a key; answers with the row that it leads to, null when it leads nowhere. */
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
    /**
     * The row is about to go: the focus goes to the one behind it, or before it at the end. Answers whether
     * there is another.
     */
    leaveRow: useCallback((id: string) => {
      const { rows } = latest.current;
      const place = rows.findIndex((row) => row.key === id);
      const next = step(rows, place, 1) ?? step(rows, place, -1);
      const key = next === null ? null : (rows[next]?.key ?? null);
      wanted.current = key;
      setChosen(key);
      return key !== null;
    }, []),
  };
}

function target(rows: readonly ListRow[], from: string | null, key: string): number | null {
  const place = rows.findIndex((row) => row.key === from);
  switch (key) {
    case "ArrowDown":
      return step(rows, place, 1);
    case "ArrowUp":
      return step(rows, place, -1);
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
