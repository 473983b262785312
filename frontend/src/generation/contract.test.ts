import { describe, expect, it } from "vitest";
import { readOutcome } from "./decode";
import { emptyReply, fold, type Reply } from "./fold";
import { follow } from "./following/follow";
import { textOf } from "./parts";
import type { Piece } from "./testing/delivery";
import { EVERY_TRANSPORT } from "./testing/every-transport";
import { type GoldenLog, goldenLogs } from "./testing/golden-log";
import { HELLO } from "./testing/requests";
import { simulatedServer } from "./testing/simulated-server";
import { steadyNetwork } from "./testing/steady-network";
import { type MakeTransport, TRANSPORTS, type TransportKey } from "./transports/table";

/** The golden response in the pieces that a transport receives, and its first cursor. */
const GOLDEN: Readonly<Record<string, (log: GoldenLog) => readonly Uint8Array[]>> = {
  sse: ({ sse }) => [sse],
  ndjson: ({ ndjson }) => linesOf(ndjson),
  websocket: ({ ndjson }) => linesOf(ndjson),
  connect: ({ connect }) => [connect],
  json: ({ reply }) => [reply],
};

interface Reading {
  readonly make: MakeTransport;
  readonly log: GoldenLog;
  /** The cursor that the golden response begins from. */
  readonly after: number;
  readonly golden: readonly Piece[];
}

/** The reply of a reader that has seen the events before the golden response, with a cut. */
async function readOn(
  { make, log, after, golden }: Reading,
  cutting: Pick<Parameters<typeof simulatedServer>[1], "cuts" | "cutBy" | "readSize">,
): Promise<Reply> {
  const server = simulatedServer(log, { ...cutting, responses: [golden] });
  const { generation } = log.start;
  let reply = log.events.slice(0, after).reduce((reply, part, index) => {
    return fold(reply, { kind: "part", cursor: index + 1, part }, 0);
  }, emptyReply(0));
  const steps = follow({
    transport: make(server.environment),
    origin: after === 0 ? { request: HELLO } : { generation, cursor: after },
    signal: new AbortController().signal,
    network: steadyNetwork(),
  });
  for await (const step of steps) reply = fold(reply, step, 0);
  return reply;
}

/** The expected reply, as text because comparing text is fast. */
function whole({ text, reasoning, outcome, start }: GoldenLog): string {
  return JSON.stringify([text, reasoning, readOutcome(outcome), start]);
}

function inHand({ parts, ending, start }: Reply): string {
  return JSON.stringify([textOf(parts), textOf(parts, "reasoning"), ending, start]);
}

describe.each(EVERY_TRANSPORT)("over %s", (name, make) => {
  describe.each(goldenLogs().map((log) => [log.name, log] as const))("golden log %s", (_, log) => {
    const golden = GOLDEN[name]?.(log) ?? [];
    const length = lengthOf(golden);
    // A complete reply always begins at the start.
    const after = TRANSPORTS[name].streams ? log.after : 0;
    const reading = { make, log, after, golden };

    it("is read the same wherever a network read ends", async () => {
      expect(length).toBeGreaterThan(0);
      for (const end of cutsOf(name, log, golden)) {
        const inTwo = { ...reading, golden: name === "websocket" ? golden : readsOf(golden, end) };
        expect(inHand(await readOn(inTwo, { readSize: length }))).toBe(whole(log));
      }
    });

    it("is whole, once, wherever the connection is cut", async () => {
      for (const cut of cutsOf(name, log, golden)) {
        const cutBy = cut % 2 === 0 ? "end" : "error";
        const reply = await readOn(reading, { cuts: [cut], cutBy, readSize: length });
        expect(inHand(reply)).toBe(whole(log));
      }
    });
  });
});

/** The log that is cut at every byte. It has characters of up to four bytes, and lines that look like fields. */
const CUT_EVERYWHERE = "unicode";

/**
 * The positions of a cut: those that tell something, and in one log all. For a socket, whose frames are atomic,
 * the ends of frames and one position inside.
 */
function cutsOf(
  name: TransportKey,
  log: GoldenLog,
  pieces: readonly Uint8Array[],
): readonly number[] {
  const bytes = Buffer.concat(pieces);
  if (name !== "websocket") {
    const everywhere = Array.from(bytes, (_, cut) => cut);
    return log.name === CUT_EVERYWHERE
      ? everywhere
      : everywhere.filter((cut) => isTelling(bytes, cut));
  }
  return pieces.flatMap((_, index) => {
    const before = lengthOf(pieces.slice(0, index));
    return [before, before + 1];
  });
}

/**
 * Whether a cut is near the end of a line or of a frame, in the name of a field, in the head of a frame or inside of
 * a character. Every transport only collects the rest of a line: one position stands for it.
 */
function isTelling(bytes: Uint8Array, cut: number): boolean {
  const isPlain = (byte: number) => byte >= 0x20 && byte < 0x7f;
  const run = bytes.subarray(0, cut).findLastIndex((byte) => !isPlain(byte)) + 1;
  const rest = bytes.subarray(cut).findIndex((byte) => !isPlain(byte));
  const into = cut - run;
  return into < FIELD_NAME || into === 2 * FIELD_NAME || rest === 0 || rest === 1;
}

/** Longer than the names of all fields with their colon and space. */
const FIELD_NAME = 9;

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

/** The same bytes in two reads. Sockets have frames instead. */
function readsOf(pieces: readonly Uint8Array[], end: number): readonly Piece[] {
  const bytes = new Uint8Array(Buffer.concat(pieces));
  return [bytes.slice(0, end), async () => undefined, bytes.slice(end)];
}

function linesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const lines = new TextDecoder().decode(bytes).match(/.*\n/g) ?? [];
  return lines.map((line) => new TextEncoder().encode(line));
}
