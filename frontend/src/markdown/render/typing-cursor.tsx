import { useLayoutEffect, useRef } from "react";
import { growInPlace, lastText } from "./grow-in-place";

/** Stands where the next word will. It is a sign for the eye: the live region speaks to the ear. */
export function TypingCursor() {
  const cursor = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const text = lastText(cursor.current?.previousSibling ?? null);
    if (text !== null) growInPlace(text);
  });
  return (
    <span ref={cursor} data-testid="typing-cursor" className="typing-cursor" aria-hidden="true" />
  );
}
