import { useEffect, useRef, useState } from "react";
import type { CodeNode } from "./highlight";

// While code is being written its beginning is coloured anew, this often and up to this length; so the
// cost of it has a bound. All of it is coloured when it is closed.
const EVERY_MS = 150;
const LONGEST_OPEN = 4_000;

/** The beginning of a code in colours; what comes after `code.length` has none yet. */
export interface Highlighted {
  readonly code: string;
  readonly nodes: readonly CodeNode[];
}

const NOTHING: Highlighted = { code: "", nodes: [] };

/**
 * Colours code, once what colours it has been loaded. The text never waits for its colours, and where
 * they cannot be had it stands without them.
 *
 * @param language - as the fence names it; empty when it does not
 * @param isOpen - it is still being written
 */
export function useHighlight(code: string, language: string, isOpen: boolean): Highlighted {
  const [done, setDone] = useState(NOTHING);
  const latest = useRef(code);
  latest.current = code;
  const isDue = language !== "" && (!isOpen || code.length <= LONGEST_OPEN);
  // While it is open the time decides when to look again, not each of its letters.
  const subject = isOpen ? null : code;

  useEffect(() => {
    if (!isDue) return;
    let isWanted = true;
    const draw = ({ highlight }: typeof import("./highlight")) => {
      const lines = subject ?? wholeLines(latest.current);
      const nodes = isWanted && lines !== "" ? highlight(lines, language) : null;
      if (nodes !== null) setDone((last) => (last.code === lines ? last : { code: lines, nodes }));
    };
    const look = () => void import("./highlight").then(draw, () => undefined);
    look();
    const timer = subject === null ? setInterval(look, EVERY_MS) : undefined;
    return () => {
      isWanted = false;
      clearInterval(timer);
    };
  }, [subject, language, isDue]);

  return code.startsWith(done.code) ? done : NOTHING;
}

function wholeLines(code: string): string {
  return code.slice(0, code.lastIndexOf("\n") + 1);
}
