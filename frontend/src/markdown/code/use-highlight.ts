import { useEffect, useRef, useState } from "react";
import { untilLoaded } from "../../missing-modules";
import type { CodeNode } from "./highlight";
import { runSoon } from "./time-slice";

/** How often growing code is highlighted again. */
const EVERY_MS = 150;

/** The beginning of a piece of code, highlighted. What follows it is not highlighted yet. */
interface Highlighted {
  readonly code: string;
  readonly nodes: readonly CodeNode[];
}

type Highlight = typeof import("./highlight").highlight;

const NOTHING: Highlighted = { code: "", nodes: [] };

/**
 * Highlights a piece of code once the highlighter has loaded. The text is shown without waiting for it.
 *
 * @param language - as the fence names it; empty if it does not
 * @param isOpen - whether the code is still being written
 */
export function useHighlight(code: string, language: string, isOpen: boolean): Highlighted {
  const [done, setDone] = useState(NOTHING);
  const latest = useRef(code);
  latest.current = code;
  // Open code is highlighted again by the timer, not with each change.
  const subject = isOpen ? null : code;

  useEffect(() => {
    if (language === "") return;
    let isWanted = true;
    let cancel = () => {};
    const draw = (highlight: Highlight) => {
      const lines = subject ?? wholeLines(latest.current);
      const nodes = lines === "" ? null : highlight(lines, language);
      if (nodes !== null) setDone((last) => (last.code === lines ? last : { code: lines, nodes }));
    };
    const drawSoon = (highlight: Highlight) => {
      if (!isWanted) return;
      cancel();
      cancel = runSoon(() => draw(highlight));
    };
    const look = () => void untilLoaded(loadHighlight).then(drawSoon);
    look();
    const timer = subject === null ? setInterval(look, EVERY_MS) : undefined;
    return () => {
      isWanted = false;
      cancel();
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
