import { useWindowEvent } from "../ui/use-window-event";

/** What handles Escape itself while it is open. */
const OPEN = "[role=dialog], [role=alertdialog], [role=menu], [role=listbox], dialog[open]";

/** Calls back for Escape anywhere on the page, unless something open or a field handles it. */
export function useEscape(isActive: boolean, onEscape: () => void): void {
  useWindowEvent("keydown", (event) => {
    if (!isActive || event.key !== "Escape" || event.isComposing || event.defaultPrevented) return;
    if (document.querySelector(OPEN) === null && !isInField(event.target)) onEscape();
  });
}

/** A search box or a rename box; the composer is disabled while Escape can stop a reply. */
function isInField(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}
