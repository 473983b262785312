import { sleep } from "../following/network";

/** What transports need from outside to reach the server; tests bring their own. */
export interface Environment {
  readonly fetch: typeof fetch;
  /** Opens a WebSocket to a path of the server. */
  readonly openSocket: (path: string) => WebSocket;
  /** Waits `ms` milliseconds; rejects when the signal aborts. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** The browser itself. */
export const browserEnvironment: Environment = {
  fetch: (...args) => fetch(...args),
  openSocket(path) {
    const address = new URL(path, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    return new WebSocket(address);
  },
  pause: sleep,
};
