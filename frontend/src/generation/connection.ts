import type { Network } from "./network";

/** The server shows itself every 10 s; two signs missed and some patience are a dead connection. */
const SILENCE_MS = 25_000;

/**
 * One response being read. Its signal aborts when the caller's does, when nothing was heard for
 * 25 seconds (a connection can die without either end being told), and when the network is lost.
 */
export class Connection {
  readonly #controller = new AbortController();
  readonly #release: () => void;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(caller: AbortSignal, network: Network) {
    const cut = () => this.#controller.abort(caller.reason);
    const stopListening = network.onLost(cut);
    caller.addEventListener("abort", cut);
    this.#release = () => {
      stopListening();
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
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#controller.abort(), SILENCE_MS);
  }

  close(): void {
    clearTimeout(this.#silence);
    this.#release();
    this.#controller.abort();
  }
}
