/** Keeps what is read in its place when something above it turns out to be higher or lower than before. */
export class ScrollAnchor {
  readonly #box: HTMLElement;
  readonly #inside: HTMLElement;
  #row: Element | undefined;
  #top = 0;

  /** @param inside - has groups of rows, marked `data-rows` */
  constructor(box: HTMLElement, inside: HTMLElement) {
    this.#box = box;
    this.#inside = inside;
  }

  /** Takes note of where the first row is that is seen. */
  take(): void {
    const { top } = this.#box.getBoundingClientRect();
    const group = firstBelow(this.#inside.querySelectorAll("[data-rows]"), top);
    this.#row = group && (firstBelow(group.children, top) ?? group);
    this.#top = this.#row?.getBoundingClientRect().top ?? 0;
  }

  /** Puts that row back to where it was. */
  hold(): void {
    if (this.#row === undefined || !this.#row.isConnected) return;
    const moved = this.#row.getBoundingClientRect().top - this.#top;
    if (Math.abs(moved) >= 1) this.#box.scrollTop += moved;
  }
}

/** The first of these elements, one below the other, that ends below a line. */
function firstBelow(elements: ArrayLike<Element>, line: number): Element | undefined {
  let [low, high] = [0, elements.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((elements[middle]?.getBoundingClientRect().bottom ?? 0) > line) high = middle;
    else low = middle + 1;
  }
  return elements[low];
}
