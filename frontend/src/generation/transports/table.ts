import type { Transport } from "../transport";
import type { Environment } from "./environment";

export type MakeTransport = (environment?: Environment) => Transport;

interface TransportEntry {
  /** The same in every language. */
  readonly name: string;
  readonly load: () => Promise<{ readonly default: MakeTransport }>;
  /** Whether a reply arrives while it is generated. */
  readonly streams: boolean;
}

/** All transports that a person can pick. A transport is loaded when it is picked. */
export const TRANSPORTS = {
  sse: entry("Server-sent events", () => import("./sse")),
  ndjson: entry("NDJSON", () => import("./ndjson")),
  websocket: entry("WebSocket", () => import("./websocket")),
  connect: entry("Connect", () => import("./connect")),
  json: entry("JSON", () => import("./json"), false),
} as const satisfies Record<string, TransportEntry>;

export type TransportKey = keyof typeof TRANSPORTS;

/** The default, which also replaces a blocked transport. */
export const USUAL: TransportKey = "sse";

export function isTransportKey(value: unknown): value is TransportKey {
  return typeof value === "string" && Object.hasOwn(TRANSPORTS, value);
}

function entry(name: string, load: TransportEntry["load"], streams = true): TransportEntry {
  return { name, load, streams };
}
