import { useState } from "react";

/** Copies texts and has the outcome of the last copy as the key of its message, until `reset` is called. */
export function useCopy() {
  const [outcome, setOutcome] = useState<"copied" | "notCopied">();
  return {
    outcome,
    copy: (text: string) =>
      void copyText(text).then(
        () => setOutcome("copied"),
        () => setOutcome("notCopied"),
      ),
    reset: () => setOutcome(undefined),
  };
}

/**
 * Copies a text. Pages served over plain HTTP from another machine have no `navigator.clipboard`, but can copy the
 * selection.
 *
 * @throws Error if the browser does not allow it
 */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  const { copyBySelecting } = await import("./copy-by-selecting");
  copyBySelecting(text);
}
