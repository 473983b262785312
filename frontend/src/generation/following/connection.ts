import type { Network } from "./network";

/** The server sends a heartbeat every 10 s. A connection is dead after two missed ones and some tolerance. */
export const SILENCE_MS = 25_000;

/** When somebody returns to the page, one missed heartbeat is enough. */
const SILENCE_ON_RETURN_MS = 12_000;

/**
 * A response that is being read. Its signal aborts when the caller's does, when the network is lost, after 25 seconds
 * of silence (a connection can die without notice), and when somebody returns to the page after 12 seconds of silence.
 */
export class Connection {
  readonly #controller = new AbortController();
  #silence: ReturnType<typeof setTimeout> | undefined;
  #heardAt = 0;

  constructor(caller: AbortSignal, network: Network) {
    const cut = () => this.#controller.abort(caller.reason);
    network.onLost(cut, this.signal);
    network.onReturn(() => {
      if (performance.now() - this.#heardAt > SILENCE_ON_RETURN_MS) cut();
    }, this.signal);
    caller.addEventListener("abort", cut, { signal: this.signal });
    if (caller.aborted) cut();
    this.heard();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Must be called whenever something arrives, heartbeats included. */
  heard(): void {
    this.#heardAt = performance.now();
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#controller.abort(), SILENCE_MS);
  }

  close(): void {
    clearTimeout(this.#silence);
    this.#controller.abort();
  }
}
