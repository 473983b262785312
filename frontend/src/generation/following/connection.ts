import type { Network } from "./network";

/** The server shows itself every 10 s; two signs missed and some patience are a dead connection. */
const SILENCE_MS = 25_000;

/** Somebody who comes back to the page does not wait as long: one sign missed is enough. */
const DOUBT_MS = 12_000;

/**
 * One response being read. Its signal aborts when the caller's does, when nothing was heard for
 * 25 seconds (a connection can die without either end being told), when somebody comes back to the
 * page and nothing was heard for 12, and when the network is lost.
 */
export class Connection {
  readonly #controller = new AbortController();
  readonly #release: () => void;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #heardAt = 0;

  constructor(caller: AbortSignal, network: Network) {
    const cut = () => this.#controller.abort(caller.reason);
    const stopListening = network.onLost(cut);
    const stopWatching = network.onReturn(() => {
      if (performance.now() - this.#heardAt > DOUBT_MS) cut();
    });
    caller.addEventListener("abort", cut);
    this.#release = () => {
      stopListening();
      stopWatching();
      caller.removeEventListener("abort", cut);
    };
    if (caller.aborted) cut();
    this.heard();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** To be called with every sign of life, a heartbeat too. */
  heard(): void {
    this.#heardAt = performance.now();
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#controller.abort(), SILENCE_MS);
  }

  close(): void {
    clearTimeout(this.#silence);
    this.#release();
    this.#controller.abort();
  }
}
