import { type TakeConnection, takeConnection } from "./take-connection";
import { type Arrival, type Origin, type Transport, TransportBlocked } from "./transport";
import type { Environment } from "./transports/environment";
import { readShortly } from "./transports/short-reads";
import { type TransportKey, USUAL } from "./transports/table";

/** Needs none of the connections that a browser has only few of. */
const STAND_IN: TransportKey = "websocket";

type Read = Transport["read"];

interface FewConnectionsOptions {
  readonly readOver: (over: TransportKey, ...args: Parameters<Read>) => Promise<ReturnType<Read>>;
  readonly environment: Environment;
  readonly connect?: TakeConnection | undefined;
}

/**
 * Reads over the usual transport while there is a connection to spare. Otherwise a reply comes over a WebSocket; if
 * WebSockets are blocked, by short requests, until a connection is free.
 */
export default function overFewConnections({
  readOver,
  environment,
  connect = takeConnection,
}: FewConnectionsOptions): Read {
  let hasStandIn = true;

  return async function* read(origin, signal): AsyncGenerator<Arrival> {
    let triesStandIn = hasStandIn;
    for (let from: Origin | null = origin; from !== null; ) {
      const giveBack = await connect(triesStandIn);
      if (giveBack !== null) {
        try {
          for await (const arrival of await readOver(USUAL, from, signal)) {
            hasStandIn &&= triesStandIn;
            yield arrival;
          }
          return;
        } finally {
          giveBack();
        }
      }
      if (triesStandIn) {
        try {
          return yield* await readOver(STAND_IN, from, signal);
        } catch (error) {
          if (!(error instanceof TransportBlocked)) throw error;
          triesStandIn = false;
        }
      } else {
        from = yield* readShortly(from, signal, environment);
        hasStandIn = false;
      }
    }
  };
}
