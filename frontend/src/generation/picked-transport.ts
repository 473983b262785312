import { type Arrival, type Origin, type Transport, TransportBlocked } from "./transport";
import { browserEnvironment, type Environment } from "./transports/environment";
import { type MakeTransport, TRANSPORTS, type TransportKey, USUAL } from "./transports/table";

interface PickedTransportOptions {
  readonly picked: () => TransportKey;
  /** Called once for each transport that is blocked and replaced by the usual one. */
  readonly onBlocked: (key: TransportKey) => void;
  readonly environment?: Environment;
}

/**
 * Uses the transport that is picked when a request is sent, so a new choice applies from the next request on. If that
 * transport is blocked, the usual one is tried. If the usual one works, the network is not the cause, and it replaces
 * the blocked transport until the page is reloaded.
 */
export function pickedTransport({
  picked,
  onBlocked,
  environment = browserEnvironment,
}: PickedTransportOptions): Transport {
  const blocked = new Set<TransportKey>();

  async function* read(origin: Origin, signal: AbortSignal): AsyncGenerator<Arrival> {
    const key = picked();
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
      if (!blocked.has(key)) onBlocked(key);
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
