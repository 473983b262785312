import { untilLoaded } from "../missing-modules";
import { hasFewConnections } from "./connections";
import type { TakeConnection } from "./take-connection";
import { type Arrival, type Origin, type Transport, TransportBlocked } from "./transport";
import { browserEnvironment, type Environment } from "./transports/environment";
import { type MakeTransport, TRANSPORTS, type TransportKey, USUAL } from "./transports/table";

interface PickedTransportOptions {
  readonly picked: () => TransportKey;
  /** Called once for each transport that is blocked and replaced by the usual one. */
  readonly onBlocked: (key: TransportKey) => void;
  readonly environment?: Environment;
  /** Whether the browser has only few connections to the server. */
  readonly isScarce?: () => boolean;
  /** Instead of `takeConnection`. */
  readonly connect?: TakeConnection;
}

/**
 * Uses the transport that is picked when a request is sent, so a new choice applies from the next request on. If that
 * transport is blocked, the usual one is tried. If the usual one works, the network is not the cause, and it replaces
 * the blocked transport until the page is reloaded.
 *
 * While the browser has no connection to spare, something else stands in for the usual transport
 * (`overFewConnections`).
 */
export function pickedTransport({
  picked,
  onBlocked,
  environment = browserEnvironment,
  isScarce = hasFewConnections,
  connect,
}: PickedTransportOptions): Transport {
  const blocked = new Set<TransportKey>();
  let sparing: Transport["read"] | undefined;

  async function* read(origin: Origin, signal: AbortSignal): AsyncGenerator<Arrival> {
    const key = picked();
    if (key === USUAL) return yield* await readAsUsual(origin, signal);
    if (!blocked.has(key)) {
      try {
        return yield* await readOver(key, origin, signal);
      } catch (error) {
        if (!(error instanceof TransportBlocked)) throw error;
      }
    }
    for await (const arrival of await readAsUsual(origin, signal)) {
      if (!blocked.has(key)) onBlocked(key);
      blocked.add(key);
      yield arrival;
    }
  }

  async function readAsUsual(origin: Origin, signal: AbortSignal) {
    if (isScarce()) {
      try {
        const few = await import("./few-connections");
        sparing ??= few.default({ readOver, environment, connect });
        return sparing(origin, signal);
      } catch {
        // The module cannot be loaded: go on as if there were enough.
      }
    }
    return readOver(USUAL, origin, signal);
  }

  async function readOver(over: TransportKey, origin: Origin, signal: AbortSignal) {
    return (await fetchTransport(over))(environment).read(origin, signal);
  }

  return {
    read,
    async cancel(generation) {
      const http = await import("./transports/http");
      await http.cancelOverHttp(generation, environment);
    },
  };
}

/**
 * Loads the module of a transport.
 *
 * @throws TransportBlocked if it cannot be loaded; another try may succeed
 */
export async function fetchTransport(key: TransportKey): Promise<MakeTransport> {
  const { load } = TRANSPORTS[key];
  try {
    return (await load()).default;
  } catch (error) {
    // Nothing stands in for the usual one.
    if (key === USUAL) void untilLoaded(load);
    throw new TransportBlocked(`${key} cannot be fetched`, { cause: error });
  }
}
