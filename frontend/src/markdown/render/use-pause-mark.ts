import { type RefObject, useEffect, useLayoutEffect, useRef } from "react";

const PAUSE_MS = 500;

/**
 * Sets `data-pausing` on an element while its open text has not grown for about half a second. The cursor is
 * animated only then, because an animation costs time in every frame. An interval checks for pauses, because
 * setting and clearing a timeout for each change costs time in every frame too.
 */
export function usePauseMark(text: string, isOpen: boolean): RefObject<HTMLDivElement | null> {
  const element = useRef<HTMLDivElement>(null);
  const grewAt = useRef(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs whenever the text grows
  useLayoutEffect(() => {
    grewAt.current = performance.now();
    element.current?.removeAttribute("data-pausing");
  }, [text, isOpen]);
  useEffect(() => {
    if (!isOpen) return;
    const timer = setInterval(() => {
      const isPausing = performance.now() - grewAt.current >= PAUSE_MS;
      element.current?.toggleAttribute("data-pausing", isPausing);
    }, PAUSE_MS / 4);
    return () => clearInterval(timer);
  }, [isOpen]);
  return element;
}
