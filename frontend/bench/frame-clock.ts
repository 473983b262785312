const FRAME_MS = 1000 / 60;

/** Counts frames and dropped frames. */
export class FrameClock {
  #last: number | null = null;
  #count = 0;
  #dropped = 0;

  /** Waits for the next frame, in which changes that the caller makes at once are drawn. */
  async next(): Promise<void> {
    const now = await new Promise<number>(requestAnimationFrame);
    if (this.#last !== null) {
      this.#dropped += Math.max(0, Math.round((now - this.#last) / FRAME_MS) - 1);
    }
    this.#last = now;
    this.#count += 1;
  }

  /** The time until the next frame does not count. */
  pause(): void {
    this.#last = null;
  }

  result() {
    return { count: this.#count, dropped: this.#dropped };
  }
}
