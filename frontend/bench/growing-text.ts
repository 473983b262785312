interface Snapshot {
  readonly text: string;
  readonly isOver: boolean;
}

/** A growing text as an external store, like a live reply. */
export class GrowingText {
  readonly #whenToDraw: (draw: () => void) => void;
  readonly #listeners = new Set<() => void>();
  #snapshot: Snapshot = { text: "", isOver: false };
  #isDrawing = false;

  constructor(whenToDraw: (draw: () => void) => void) {
    this.#whenToDraw = whenToDraw;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly getSnapshot = (): Snapshot => this.#snapshot;

  set(text: string, isOver: boolean): void {
    this.#snapshot = { text, isOver };
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    this.#whenToDraw(() => {
      this.#isDrawing = false;
      for (const listener of this.#listeners) listener();
    });
  }
}

export function atOnce(draw: () => void): void {
  draw();
}
