import { useLayoutEffect, useRef } from "react";
import { growInPlace, lastText } from "./grow-in-place";
import "./typing-cursor.css";

/** Marks where the next word will appear. Screen readers get the live region of the chat instead. */
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
