import { hasFewConnections } from "./connections";
import { type Arrival, type Origin, type Transport, TransportBlocked } from "./transport";
import { browserEnvironment, type Environment } from "./transports/environment";
import { type MakeTransport, TRANSPORTS, type TransportKey, USUAL } from "./transports/table";

interface PickedTransportOptions {
  readonly picked: () => TransportKey;
  /** Called once for each transport that is blocked and replaced by the usual one. */
  readonly onBlocked: (key: TransportKey) => void;
  readonly environment?: Environment;
  /** Takes a connection for a response: see `takeConnection`. By default there are enough, but over HTTP/1.1. */
  readonly connect?: () => Promise<(() => void) | null> | (() => void);
}

/** The transport that needs no connection of its own kind: a browser may open many more WebSockets. */
const WITHOUT_CONNECTION: TransportKey = "websocket";

/**
 * Uses the transport that is picked when a request is sent, so a new choice applies from the next request on. If that
 * transport is blocked, the usual one is tried. If the usual one works, the network is not the cause, and it replaces
 * the blocked transport until the page is reloaded.
 *
 * While the browser has no connection to spare, WebSockets stand in for what is picked.
 */
export function pickedTransport({
  picked,
  onBlocked,
  environment = browserEnvironment,
  connect = connectInBrowser,
}: PickedTransportOptions): Transport {
  const blocked = new Set<TransportKey>();

  async function* read(origin: Origin, signal: AbortSignal): AsyncGenerator<Arrival> {
    const key = picked();
    const giveBack = key === WITHOUT_CONNECTION ? null : await connect();
    try {
      yield* readOver(giveBack === null ? WITHOUT_CONNECTION : key, origin, signal);
    } finally {
      giveBack?.();
    }
  }

  async function* readOver(key: TransportKey, origin: Origin, signal: AbortSignal) {
    if (!blocked.has(key)) {
      try {
        const make = await fetchTransport(key);
        return yield* make(environment).read(origin, signal);
      } catch (error) {
        if (!(error instanceof TransportBlocked)) throw error;
      }
    }
    const makeUsual = await fetchTransport(USUAL);
    for await (const arrival of makeUsual(environment).read(origin, signal)) {
      if (!blocked.has(key) && key === picked()) onBlocked(key);
      blocked.add(key);
      yield arrival;
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

function connectInBrowser(): Promise<(() => void) | null> | (() => void) {
  const asIfThereWereEnough = () => undefined;
  if (!hasFewConnections()) return asIfThereWereEnough;
  return import("./take-connection").then(
    ({ takeConnection }) => takeConnection(),
    () => asIfThereWereEnough,
  );
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
