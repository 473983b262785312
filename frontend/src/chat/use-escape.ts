import { useEffect } from "react";

// What has its own use for Escape while it is open.
const OPEN = "[role=dialog], [role=alertdialog], [role=menu], [role=listbox], dialog[open]";

/** Escape does what the Stop button does, wherever the focus is, unless something open wants it. */
export function useEscape(isActive: boolean, onEscape: () => void): void {
  useEffect(() => {
    if (!isActive) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.isComposing || event.defaultPrevented) return;
      if (document.querySelector(OPEN) === null && !isInField(event.target)) onEscape();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [isActive, onEscape]);
}

/** A field to write in (a search, a new name) that is somebody else's; the chat's own is closed. */
function isInField(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}
