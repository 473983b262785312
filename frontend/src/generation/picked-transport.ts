import { hasFewConnections } from "./connections";
import { type Arrival, type Origin, type Transport, TransportBlocked } from "./transport";
import { browserEnvironment, type Environment } from "./transports/environment";
import { type MakeTransport, TRANSPORTS, type TransportKey, USUAL } from "./transports/table";

interface PickedTransportOptions {
  readonly picked: () => TransportKey;
  /** Called once for each transport that is blocked and replaced by the usual one. */
  readonly onBlocked: (key: TransportKey) => void;
  readonly environment?: Environment;
  /** Takes a connection for a long response: see `takeConnection`. */
  readonly connect?: () => Promise<(() => void) | null>;
}

/** Needs none of the connections that a browser has only few of. */
const STAND_IN: TransportKey = "websocket";

/**
 * Uses the transport that is picked when a request is sent, so a new choice applies from the next request on. If that
 * transport is blocked, the usual one is tried. If the usual one works, the network is not the cause, and it replaces
 * the blocked transport until the page is reloaded.
 *
 * While the browser has no connection to spare, a WebSocket stands in for the usual transport.
 */
export function pickedTransport({
  picked,
  onBlocked,
  environment = browserEnvironment,
  connect = connectInBrowser,
}: PickedTransportOptions): Transport {
  const blocked = new Set<TransportKey>();
  let hasStandIn = true;

  async function* read(origin: Origin, signal: AbortSignal): AsyncGenerator<Arrival> {
    const key = picked();
    const readOver = async (over: TransportKey) =>
      (await fetchTransport(over))(environment).read(origin, signal);
    if (key === USUAL) return yield* readAsUsual(readOver);
    if (!blocked.has(key)) {
      try {
        return yield* await readOver(key);
      } catch (error) {
        if (!(error instanceof TransportBlocked)) throw error;
      }
    }
    for await (const arrival of await readOver(USUAL)) {
      if (!blocked.has(key)) onBlocked(key);
      blocked.add(key);
      yield arrival;
    }
  }

  async function* readAsUsual(
    readOver: (over: TransportKey) => Promise<AsyncIterable<Arrival>>,
  ): AsyncGenerator<Arrival> {
    const giveBack = hasStandIn ? await connect() : () => undefined;
    if (giveBack === null) {
      try {
        return yield* await readOver(STAND_IN);
      } catch (error) {
        if (!(error instanceof TransportBlocked)) throw error;
        hasStandIn = false;
      }
    }
    try {
      yield* await readOver(USUAL);
    } finally {
      giveBack?.();
    }
  }

  return {
    read,
    async cancel(generation) {
      const { cancelOverHttp } = await import("./transports/http");
      await cancelOverHttp(generation, environment);
    },
  };
}

async function connectInBrowser(): Promise<(() => void) | null> {
  if (hasFewConnections()) {
    try {
      const { takeConnection } = await import("./take-connection");
      return await takeConnection();
    } catch {
      // The module cannot be had, or the browser forbids locks: go on as if there were enough.
    }
  }
  return () => undefined;
}

/**
 * Loads the module of a transport.
 *
 * @throws TransportBlocked if it cannot be loaded; another try may succeed
 */
export async function fetchTransport(key: TransportKey): Promise<MakeTransport> {
  try {
    return await TRANSPORTS[key].load();
  } catch (error) {
    throw new TransportBlocked(`${key} cannot be fetched`, { cause: error });
  }
}
