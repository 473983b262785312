import { isMac } from "./mod-key";

type Command = "new-chat" | "search" | "next" | "previous" | "undo" | "shortcuts";

/** The members of a key event that a shortcut depends on. */
export type Press = Pick<
  KeyboardEvent,
  "key" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey" | "isComposing"
>;

/** The command of a key press; null if there is none, or if the focused element needs the key itself. */
export function commandOf(press: Press, focused: Element | null, onMac = isMac): Command | null {
  if (press.isComposing) return null;
  const mod = onMac ? press.metaKey && !press.ctrlKey : press.ctrlKey && !press.metaKey;
  const key = press.key.toLowerCase();
  if (mod && !press.altKey) {
    if (key === "o" && press.shiftKey) return "new-chat";
    if (key === "z" && !press.shiftKey && !isTextField(focused)) return "undo";
    return key === "k" && !press.shiftKey ? "search" : null;
  }
  if (press.ctrlKey || press.metaKey) return null;
  if (press.altKey && !press.shiftKey && !ownsArrows(focused)) {
    if (key === "arrowdown") return "next";
    if (key === "arrowup") return "previous";
  }
  // While a reply arrives the thread has the focus, and a person who goes on typing wants no shortcut.
  const isElsewhere = !isTextField(focused) && focused?.matches("[data-end]") !== true;
  return key === "?" && !press.altKey && isElsewhere ? "shortcuts" : null;
}

function isTextField(element: Element | null): boolean {
  if (element === null) return false;
  return element.matches("input, textarea, select") || (element as HTMLElement).isContentEditable;
}

/** Whether an element uses arrow keys itself. An empty text field does not. */
function ownsArrows(element: Element | null): boolean {
  if (element?.closest('select, [role="combobox"], [role="menu"], [role="listbox"]')) return true;
  if (element instanceof HTMLTextAreaElement || element instanceof HTMLInputElement) {
    return element.value !== "";
  }
  return isTextField(element);
}
