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
