/** Measures the time from a key press to the frame that shows its character. */
export class TypingLatency {
  readonly #latencies: number[] = [];

  constructor(box: HTMLElement) {
    box.addEventListener("keydown", ({ timeStamp }) => {
      const { port1, port2 } = new MessageChannel();
      port2.onmessage = () => void this.#latencies.push(performance.now() - timeStamp);
      requestAnimationFrame(() => port1.postMessage(null));
    });
  }

  /** Milliseconds. */
  result() {
    const sorted = this.#latencies.toSorted((one, other) => one - other);
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? null;
    return { keys: sorted.length, medianMs: at(0.5), p95Ms: at(0.95) };
  }
}
