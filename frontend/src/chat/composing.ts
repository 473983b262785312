import type { KeyboardEvent } from "react";

/** Safari ends a composition before it tells of the Enter that ended it; 229 is how it marks that key. */
export function isComposing(event: KeyboardEvent): boolean {
  return event.nativeEvent.isComposing || event.keyCode === 229;
}
