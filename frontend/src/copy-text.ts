/**
 * Copies a text. A page that is served over plain http from another machine has no `navigator.clipboard`, but
 * may copy what is selected.
 *
 * @throws Error when the browser does not let the page copy
 */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  const { copyBySelecting } = await import("./copy-by-selecting");
  copyBySelecting(text);
}
