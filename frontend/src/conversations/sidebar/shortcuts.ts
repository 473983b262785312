import { isMac } from "./mod-key";

/** What a key can do on the page. */
export type Command = "new-chat" | "search" | "next" | "previous" | "undo" | "shortcuts";

/** The parts of a key press that a shortcut depends on. */
export type Press = Pick<
  KeyboardEvent,
  "key" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey" | "isComposing"
>;

/**
 * What a press asks for, null when it is only a key. `where` is what has the focus: nothing is taken from
 * a text field that means something there, nor from a list that opens with Alt and an arrow.
 */
export function commandOf(press: Press, where: Element | null, onMac = isMac): Command | null {
  if (press.isComposing) return null;
  const mod = onMac ? press.metaKey && !press.ctrlKey : press.ctrlKey && !press.metaKey;
  const key = press.key.toLowerCase();
  if (mod && !press.altKey) {
    if (key === "o" && press.shiftKey) return "new-chat";
    if (key === "z" && !press.shiftKey && !isTextField(where)) return "undo";
    return key === "k" && !press.shiftKey ? "search" : null;
  }
  if (press.ctrlKey || press.metaKey) return null;
  if (press.altKey && !press.shiftKey && !ownsArrows(where)) {
    if (key === "arrowdown") return "next";
    if (key === "arrowup") return "previous";
  }
  // The focus waits in the thread while a reply comes: who types on then does not mean a shortcut.
  const isElsewhere = !isTextField(where) && where?.matches("[data-end]") !== true;
  return key === "?" && !press.altKey && isElsewhere ? "shortcuts" : null;
}

function isTextField(where: Element | null): where is HTMLElement {
  if (where === null) return false;
  return where.matches("input, textarea, select") || (where as HTMLElement).isContentEditable;
}

/** An empty box for a message has no use for them. */
function ownsArrows(where: Element | null): boolean {
  if (where?.closest('select, [role="combobox"], [role="menu"], [role="listbox"]')) return true;
  if (where instanceof HTMLTextAreaElement || where instanceof HTMLInputElement) {
    return where.value !== "";
  }
  return isTextField(where);
}
