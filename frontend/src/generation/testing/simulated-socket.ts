/** The server side of a socket: its frames in response to the client's only one, until `closed` aborts. */
export type Answer = (message: string, closed: AbortSignal) => AsyncIterable<string>;

/** A WebSocket to a simulated server. */
export function simulatedSocket(answer: Answer): WebSocket {
  return new SimulatedSocket(answer, "taken") as unknown as WebSocket;
}

/** A WebSocket whose handshake is refused, or never answered. */
export function unopenedSocket(handshake: "refused" | "unanswered"): WebSocket {
  return new SimulatedSocket(async function* () {}, handshake) as unknown as WebSocket;
}

class SimulatedSocket extends EventTarget {
  readonly #answer: Answer;
  readonly #closed = new AbortController();

  constructor(answer: Answer, handshake: "taken" | "refused" | "unanswered") {
    super();
    this.#answer = answer;
    queueMicrotask(() => {
      if (handshake === "refused") this.close();
      else if (handshake === "taken" && !this.#closed.signal.aborted) {
        this.dispatchEvent(new Event("open"));
      }
    });
  }

  send(message: string): void {
    void this.#say(message);
  }

  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.dispatchEvent(new Event("close"));
  }

  async #say(message: string): Promise<void> {
    const { signal } = this.#closed;
    try {
      for await (const data of this.#answer(message, signal)) {
        if (signal.aborted) return;
        this.dispatchEvent(new MessageEvent("message", { data }));
      }
    } catch (error) {
      if (!signal.aborted && !(error instanceof TypeError)) throw error;
    }
    this.close();
  }
}
