import { type KeyboardEvent, type RefObject, useLayoutEffect } from "react";

/**
 * Whether a key in a box sends what is written. On a screen that is touched Enter makes a new line, since
 * its keyboard has no Shift+Enter; with Ctrl or ⌘ it sends everywhere.
 */
export function isSending(event: KeyboardEvent): boolean {
  if (event.key !== "Enter" || event.altKey || isComposing(event)) return false;
  if (event.ctrlKey || event.metaKey) return true;
  const isTouched = globalThis.matchMedia?.("(pointer: coarse)").matches;
  return !event.shiftKey && isTouched !== true;
}

/** Safari ends a composition before it tells of the Enter that ended it; 229 is how it marks that key. */
export function isComposing(event: KeyboardEvent): boolean {
  return event.nativeEvent.isComposing || event.keyCode === 229;
}

// Most browsers do it by themselves (`field-sizing`).
const GROWS_ITSELF = globalThis.CSS?.supports("field-sizing", "content");

/** Lets a text field grow with what is in it, up to the `max-height` of its styles. */
export function useGrowth(field: RefObject<HTMLTextAreaElement | null>, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height depends on the text
  useLayoutEffect(() => {
    const around = field.current?.parentElement;
    if (GROWS_ITSELF || field.current === null || around == null) return;
    // To be measured it is made low for a moment, of which nothing around it is to know.
    around.style.minHeight = `${around.offsetHeight}px`;
    field.current.style.height = "auto";
    field.current.style.height = `${field.current.scrollHeight}px`;
    around.style.minHeight = "";
  }, [field, text]);
}
