import { type Arrival, type Transport, TransportBlocked } from "./transport";
import { browserEnvironment, type Environment } from "./transports/environment";
import { type MakeTransport, TRANSPORTS, type TransportKey, USUAL } from "./transports/table";

interface Picking {
  /** Says what is picked now. */
  readonly picked: () => TransportKey;
  /** Told, once for each, that a transport does not get through and the usual one stands in for it. */
  readonly onBlocked: (key: TransportKey) => void;
  readonly environment?: Environment;
}

/**
 * The transport that is picked when a response is asked for: another choice counts from the next reply on.
 * Where it does not get through, the usual one is tried at once; that it does tells that the fault is the
 * transport's and not the network's, and it stands in for it as long as the page lives.
 */
export function pickedTransport({
  picked,
  onBlocked,
  environment = browserEnvironment,
}: Picking): Transport {
  const blocked = new Set<TransportKey>();

  async function* read(over: (transport: Transport) => AsyncIterable<Arrival>) {
    const key = picked();
    if (!blocked.has(key)) {
      try {
        return yield* over((await fetchTransport(key))(environment));
      } catch (error) {
        if (!(error instanceof TransportBlocked)) throw error;
      }
    }
    for await (const arrival of over((await fetchTransport(USUAL))(environment))) {
      if (!blocked.has(key)) onBlocked(key);
      blocked.add(key);
      yield arrival;
    }
  }

  return {
    start: (request, signal) => read((transport) => transport.start(request, signal)),
    resume: (generation, after, signal) =>
      read((transport) => transport.resume(generation, after, signal)),
    async cancel(generation) {
      const { cancelOverHttp } = await import("./transports/http");
      await cancelOverHttp(generation, environment);
    },
  };
}

/**
 * Fetches the part of the page that makes a transport. It is asked for at once when the transport is picked,
 * so that the first reply need not wait for it.
 *
 * @throws TransportBlocked when it cannot be had; asking again may help
 */
export async function fetchTransport(key: TransportKey): Promise<MakeTransport> {
  try {
    return await TRANSPORTS[key].load();
  } catch (error) {
    throw new TransportBlocked(`${key} cannot be fetched`, { cause: error });
  }
}
