import { type RefObject, useLayoutEffect, useRef } from "react";

const PAUSE_MS = 500;

/**
 * Marks an element while a text that is open has not grown for half a second. Only then does its cursor
 * move: what moves costs time in every frame, and where words come nobody needs a sign that they may.
 */
export function usePauseMark(text: string, isOpen: boolean): RefObject<HTMLDivElement | null> {
  const element = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each time that the text has grown
  useLayoutEffect(() => {
    const { current } = element;
    if (current === null || !isOpen) return;
    const timer = setTimeout(() => current.setAttribute("data-pausing", ""), PAUSE_MS);
    return () => {
      clearTimeout(timer);
      current.removeAttribute("data-pausing");
    };
  }, [text, isOpen]);
  return element;
}
