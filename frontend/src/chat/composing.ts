import type { KeyboardEvent } from "react";

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
