import { address, ownServer } from "../../own-server";
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
  fetch: ownServer,
  openSocket(path) {
    const url = new URL(address(path), location.href);
    url.protocol = url.protocol.replace("http", "ws");
    return new WebSocket(url);
  },
  pause: sleep,
};
