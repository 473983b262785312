import { type KeyboardEvent, type RefObject, useLayoutEffect } from "react";

/**
 * Whether a key sends the text. On touch screens Enter inserts a line break, because their keyboards have no
 * Shift+Enter. With Ctrl or ⌘ it always sends.
 */
export function isSending(event: KeyboardEvent): boolean {
  if (event.key !== "Enter" || event.altKey || isComposing(event)) return false;
  if (event.ctrlKey || event.metaKey) return true;
  const isTouched = globalThis.matchMedia?.("(pointer: coarse)").matches;
  return !event.shiftKey && isTouched !== true;
}

/** Safari ends a composition before the event of the Enter key that ended it, which has code 229. */
export function isComposing(event: KeyboardEvent): boolean {
  return event.nativeEvent.isComposing || event.keyCode === 229;
}

const GROWS_ITSELF = globalThis.CSS?.supports("field-sizing", "content");

/** Lets a text field grow with its text in browsers without `field-sizing`. */
export function useGrowth(field: RefObject<HTMLTextAreaElement | null>, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height depends on the text
  useLayoutEffect(() => {
    const around = field.current?.parentElement;
    if (GROWS_ITSELF || field.current === null || around == null) return;
    // Measuring shrinks the field for a moment, which must not move anything around it.
    around.style.minHeight = `${around.offsetHeight}px`;
    field.current.style.height = "auto";
    field.current.style.height = `${field.current.scrollHeight}px`;
    around.style.minHeight = "";
  }, [field, text]);
}
