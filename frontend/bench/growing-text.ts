interface Snapshot {
  readonly text: string;
  readonly isOver: boolean;
}

/** A text that React follows as the page follows a reply. */
export class GrowingText {
  readonly #listeners = new Set<() => void>();
  #snapshot: Snapshot = { text: "", isOver: false };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly getSnapshot = (): Snapshot => this.#snapshot;

  set(text: string, isOver: boolean): void {
    this.#snapshot = { text, isOver };
    for (const listener of this.#listeners) listener();
  }
}
