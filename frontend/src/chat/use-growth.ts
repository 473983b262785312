import { type RefObject, useLayoutEffect } from "react";

// Most browsers do it by themselves (`field-sizing`).
const GROWS_ITSELF = globalThis.CSS?.supports("field-sizing", "content");

/** Lets a text field grow with what is in it, up to the `max-height` of its styles. */
export function useGrowth(field: RefObject<HTMLTextAreaElement | null>, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height depends on the text
  useLayoutEffect(() => {
    if (GROWS_ITSELF || field.current === null) return;
    field.current.style.height = "auto";
    field.current.style.height = `${field.current.scrollHeight}px`;
  }, [field, text]);
}
