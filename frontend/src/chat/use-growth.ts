import { type RefObject, useLayoutEffect } from "react";

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
