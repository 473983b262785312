import { useEffect, useRef, useState } from "react";
import type { CodeNode } from "./highlight";
import { sendInOrder } from "./time-slice";

// While code is being written it is coloured anew this often.
const EVERY_MS = 150;

/** The beginning of a code in colours; what comes after `code.length` has none yet. */
export interface Highlighted {
  readonly code: string;
  readonly nodes: readonly CodeNode[];
}

type Highlight = typeof import("./highlight").highlight;

const NOTHING: Highlighted = { code: "", nodes: [] };

/**
 * Colours a piece of code, once what colours it has been loaded. The text never waits for its colours,
 * and where they cannot be had it stands without them.
 *
 * @param language - as the fence names it; empty when it does not
 * @param isOpen - it is still being written
 */
export function useHighlight(code: string, language: string, isOpen: boolean): Highlighted {
  const [done, setDone] = useState(NOTHING);
  const latest = useRef(code);
  latest.current = code;
  // While it is open the time decides when to look again, not each of its letters.
  const subject = isOpen ? null : code;

  useEffect(() => {
    if (language === "") return;
    let isWanted = true;
    let takeBack = () => {};
    const draw = (highlight: Highlight) => {
      const lines = subject ?? wholeLines(latest.current);
      const nodes = lines === "" ? null : highlight(lines, language);
      if (nodes !== null) setDone((last) => (last.code === lines ? last : { code: lines, nodes }));
    };
    const drawInTurn = (highlight: Highlight) => {
      if (!isWanted) return;
      takeBack();
      takeBack = sendInOrder(() => draw(highlight));
    };
    const look = () => void loadHighlight().then(drawInTurn, () => undefined);
    look();
    const timer = subject === null ? setInterval(look, EVERY_MS) : undefined;
    return () => {
      isWanted = false;
      takeBack();
      clearInterval(timer);
    };
  }, [subject, language]);

  return code.startsWith(done.code) ? done : NOTHING;
}

async function loadHighlight(): Promise<Highlight> {
  const { highlight, ready } = await import("./highlight");
  await ready;
  return highlight;
}

function wholeLines(code: string): string {
  return code.slice(0, code.lastIndexOf("\n") + 1);
}
