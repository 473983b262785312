import { focus } from "./ui/focus";

/**
 * Copies a text by selecting it in a temporary field, and restores the selection and the focus.
 *
 * @throws Error if the browser does not allow it
 */
export function copyBySelecting(text: string): void {
  const active = document.activeElement;
  const selection = getSelection();
  const ranges = Array.from({ length: selection?.rangeCount ?? 0 }, (_, index) =>
    selection?.getRangeAt(index),
  );
  const box = document.createElement("textarea");
  box.value = text;
  box.readOnly = true;
  box.style.cssText = "position: fixed; inset: 0 auto auto 0; opacity: 0";
  document.body.append(box);
  focus(box);
  box.select();
  const isCopied = document.execCommand("copy");
  box.remove();
  selection?.removeAllRanges();
  for (const range of ranges) if (range !== undefined) selection?.addRange(range);
  focus(active);
  if (!isCopied) throw new Error("this page may not copy");
}
