import type { Transport } from "../transport";
import type { Environment } from "./environment";

/** Makes a transport that reaches the server through an environment; without one, through the browser. */
export type MakeTransport = (environment?: Environment) => Transport;

interface TransportEntry {
  /** As it is called in every language. */
  readonly name: string;
  /** Whether a reply comes as it is said, or when it is complete. */
  readonly streams: boolean;
  readonly load: () => Promise<MakeTransport>;
}

/** All transports that somebody can pick. Each is fetched when it is. */
export const TRANSPORTS = {
  sse: entry("Server-sent events", async () => (await import("./sse")).sseTransport),
  ndjson: entry("NDJSON", async () => (await import("./ndjson")).ndjsonTransport),
  websocket: entry("WebSocket", async () => (await import("./websocket")).webSocketTransport),
  connect: entry("Connect", async () => (await import("./connect")).connectTransport),
  json: { ...entry("JSON", async () => (await import("./json")).jsonTransport), streams: false },
} as const satisfies Record<string, TransportEntry>;

export type TransportKey = keyof typeof TRANSPORTS;

/** What is used where nobody picked anything, and where what they picked does not get through. */
export const USUAL: TransportKey = "sse";

export function isTransportKey(value: unknown): value is TransportKey {
  return typeof value === "string" && Object.hasOwn(TRANSPORTS, value);
}

function entry(name: string, load: TransportEntry["load"]): TransportEntry {
  return { name, streams: true, load };
}
