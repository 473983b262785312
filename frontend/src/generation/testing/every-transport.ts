import { type MakeTransport, TRANSPORTS, type TransportKey } from "../transports/table";

/** All transports, for tests that apply to each of them. */
export const EVERY_TRANSPORT: readonly (readonly [TransportKey, MakeTransport])[] =
  await Promise.all(
    (Object.keys(TRANSPORTS) as TransportKey[]).map(
      async (name) => [name, (await TRANSPORTS[name].load()).default] as const,
    ),
  );
