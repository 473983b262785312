import { readdirSync, readFileSync } from "node:fs";
import type { Start } from "../events";

/** A log that the tests of both languages read: its events and its bytes. */
export interface GoldenLog {
  readonly name: string;
  readonly about: string;
  readonly start: Start;
  /** The cursor at which the response begins. */
  readonly after: number;
  readonly events: readonly (
    | { readonly type: "text" | "reasoning"; readonly text: string }
    | { readonly type: "reasoning_end"; readonly text?: undefined }
  )[];
  /** The cursor at the end of each page. */
  readonly pages: readonly number[];
  readonly outcome: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly reasoning: string;
  /** The response in each transport. */
  readonly sse: Uint8Array;
  readonly ndjson: Uint8Array;
  readonly connect: Uint8Array;
  /** The whole reply as one object. */
  readonly reply: Uint8Array;
}

const FOLDER = new URL("../../../../contract/", import.meta.url);

/** All golden logs that have a response as server-sent events. Throws when there are none. */
export function goldenLogs(): readonly GoldenLog[] {
  const logs = readdirSync(FOLDER)
    .filter((file) => file.endsWith(".sse"))
    .map((file) => readGoldenLog(file.slice(0, -".sse".length)));
  if (logs.length === 0) throw new Error(`no golden logs in ${FOLDER}`);
  return logs;
}

function readGoldenLog(name: string): GoldenLog {
  const written = JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8"));
  const bytes = (ending: string) =>
    new Uint8Array(readFileSync(new URL(`${name}.${ending}`, FOLDER)));
  return {
    ...written,
    name,
    sse: bytes("sse"),
    ndjson: bytes("ndjson"),
    connect: bytes("connect"),
    reply: bytes("reply.json"),
  };
}
