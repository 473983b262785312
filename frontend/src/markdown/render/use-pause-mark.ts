import { type RefObject, useEffect, useLayoutEffect, useRef } from "react";

const PAUSE_MS = 500;

/**
 * Marks an element while a text that is open has not grown for half a second or a little more. Only then
 * does its cursor move: what moves costs time in every frame, and where words come nobody needs a sign
 * that they may. One timer looks for pauses, since to set one and to clear it costs time in every frame too.
 */
export function usePauseMark(text: string, isOpen: boolean): RefObject<HTMLDivElement | null> {
  const element = useRef<HTMLDivElement>(null);
  const grewAt = useRef(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each time that the text has grown
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
