/** Moves the focus to an element, if there is one, without scrolling to it. */
export function focus(element: EventTarget | null | undefined): void {
  if (element instanceof HTMLElement) element.focus({ preventScroll: true });
}
