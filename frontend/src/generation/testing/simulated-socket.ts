/** The server's side of a socket: the frames that it says to the client's only one, until `closed` aborts. */
export type Answer = (said: string, closed: AbortSignal) => AsyncIterable<string>;

/** A WebSocket to a simulated server; null where the handshake is refused. */
export function simulatedSocket(answer: Answer | null): WebSocket {
  return new SimulatedSocket(answer) as unknown as WebSocket;
}

class SimulatedSocket extends EventTarget {
  readonly #answer: Answer | null;
  readonly #closed = new AbortController();

  constructor(answer: Answer | null) {
    super();
    this.#answer = answer;
    queueMicrotask(() => {
      if (answer === null) this.close();
      else if (!this.#closed.signal.aborted) this.dispatchEvent(new Event("open"));
    });
  }

  send(said: string): void {
    void this.#say(said);
  }

  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.dispatchEvent(new Event("close"));
  }

  async #say(said: string): Promise<void> {
    const { signal } = this.#closed;
    try {
      for await (const data of this.#answer?.(said, signal) ?? []) {
        if (signal.aborted) return;
        this.dispatchEvent(new MessageEvent("message", { data }));
      }
    } catch (error) {
      if (!signal.aborted && !(error instanceof TypeError)) throw error;
    }
    this.close();
  }
}
