const FRAME_MS = 1000 / 60;

/** Measures what frames cost on the main thread, and which of them did not come. */
export class FrameCosts {
  readonly #costs: number[] = [];
  readonly #channel = new MessageChannel();
  #startedAt = 0;
  #dropped = 0;

  /** Makes a change in the next frame, and waits until that is drawn. */
  async frame(change: () => void): Promise<void> {
    const startedAt = await new Promise<number>(requestAnimationFrame);
    const before = performance.now();
    const drawn = new Promise((resolve) => {
      this.#channel.port2.onmessage = resolve;
    });
    // Comes after all of the frame's script, style, layout and paint.
    this.#channel.port1.postMessage(null);
    change();
    await drawn;
    this.#costs.push(performance.now() - before);
    if (this.#startedAt > 0) {
      this.#dropped += Math.max(0, Math.round((startedAt - this.#startedAt) / FRAME_MS) - 1);
    }
    this.#startedAt = startedAt;
  }

  /** Milliseconds. */
  result() {
    return {
      count: this.#costs.length,
      worstMs: Math.max(...this.#costs),
      dropped: this.#dropped,
    };
  }
}
