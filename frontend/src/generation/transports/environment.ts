import { sleep } from "../following/network";

/** How transports reach the server. Tests supply their own. */
export interface Environment {
  readonly fetch: typeof fetch;
  /** Opens a WebSocket to a path of the server. */
  readonly openSocket: (path: string) => WebSocket;
  /** Waits `ms` milliseconds; rejects when the signal aborts. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

export const browserEnvironment: Environment = {
  fetch: (...args) => fetch(...args),
  openSocket(path) {
    const address = new URL(path, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    return new WebSocket(address);
  },
  pause: sleep,
};
