/**
 * Keeps what is read in its place when something above it turns out to be higher or lower than it was
 * taken for. Most browsers do so by themselves (scroll anchoring); this is for those that do not.
 */
export class ScrollAnchor {
  readonly #box: HTMLElement;
  readonly #isNeeded = !CSS.supports("overflow-anchor", "auto");
  #row: Element | null = null;
  #top = 0;

  constructor(box: HTMLElement) {
    this.#box = box;
  }

  /** Takes note of the row at the top of what is seen. To be called when the person has scrolled. */
  take(): void {
    if (!this.#isNeeded) return;
    const { left, top, width } = this.#box.getBoundingClientRect();
    const at = document.elementFromPoint(left + width / 2, top + 1);
    this.#row = at?.closest("[data-row]") ?? null;
    this.#top = this.#row?.getBoundingClientRect().top ?? 0;
  }

  /** Puts that row back to where it was. To be called when heights have changed. */
  hold(): void {
    if (this.#row === null || !this.#row.isConnected) return;
    const moved = this.#row.getBoundingClientRect().top - this.#top;
    if (Math.abs(moved) >= 1) this.#box.scrollTop += moved;
  }
}
