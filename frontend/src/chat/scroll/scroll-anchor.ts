/** Keeps the visible rows in position when the height of something above them changes. */
export class ScrollAnchor {
  readonly #box: HTMLElement;
  readonly #inside: HTMLElement;
  #row: Element | undefined;
  #top = 0;

  /** @param inside - contains groups of rows, marked `data-rows` */
  constructor(box: HTMLElement, inside: HTMLElement) {
    this.#box = box;
    this.#inside = inside;
  }

  /** Remembers the position of the first visible row. */
  take(): void {
    const { top } = this.#box.getBoundingClientRect();
    const group = firstBelow(this.#inside.querySelectorAll("[data-rows]"), top);
    this.#row = group && (firstBelow(group.children, top) ?? group);
    this.#top = this.#row?.getBoundingClientRect().top ?? 0;
  }

  /** Scrolls that row back to the remembered position. */
  hold(): void {
    if (this.#row === undefined || !this.#row.isConnected) return;
    const moved = this.#row.getBoundingClientRect().top - this.#top;
    if (Math.abs(moved) >= 1) this.#box.scrollTop += moved;
  }
}

/** The first of these elements, ordered from top to bottom, that ends below `line`. */
function firstBelow(elements: ArrayLike<Element>, line: number): Element | undefined {
  let [low, high] = [0, elements.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((elements[middle]?.getBoundingClientRect().bottom ?? 0) > line) high = middle;
    else low = middle + 1;
  }
  return elements[low];
}
