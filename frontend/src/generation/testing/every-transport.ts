import { type MakeTransport, TRANSPORTS, type TransportKey } from "../transports/table";

/** All transports that can be picked, for tests that hold each of them to the same. */
export const EVERY_TRANSPORT: readonly (readonly [TransportKey, MakeTransport])[] =
  await Promise.all(
    (Object.keys(TRANSPORTS) as TransportKey[]).map(
      async (name) => [name, await TRANSPORTS[name].load()] as const,
    ),
  );
