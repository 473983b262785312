import { envelope } from "../transports/envelopes";
import type { Piece, Wait } from "./delivery";
import type { GoldenLog } from "./golden-log";

/** The log of a simulated server. */
export type SimulatedLog = Pick<GoldenLog, "start" | "events" | "outcome">;

/** A response: its first cursor and its waits. */
export interface Responding {
  readonly log: SimulatedLog;
  readonly after: number;
  /** Waits that each end with a heartbeat. */
  readonly heartbeats: readonly Wait[];
  /** Waits before the outcome. */
  readonly gate?: Wait | undefined;
}

/** A log in each media type, in complete pieces. */
export const RESPONSES: Readonly<Record<string, (responding: Responding) => readonly Piece[]>> = {
  "text/event-stream": (responding) => [
    encode(": headwater\nretry: 1000\n\n"),
    ...piecesOf(responding, asEvent),
  ],
  "application/x-ndjson": (responding) => piecesOf(responding, asLine),
  "application/connect+json": (responding) => [
    ...piecesOf(responding, asMessage),
    enveloped({}, LAST),
  ],
  "application/json": ({ log, heartbeats, gate }) => {
    const { start, outcome } = log;
    const rest = {
      text: loggedText(log, "text"),
      reasoning: loggedText(log, "reasoning"),
      outcome,
    };
    return [
      encode(JSON.stringify(start).slice(0, -1)),
      ...heartbeats.flatMap((wait) => [wait, encode(" ")]),
      ...(gate === undefined ? [] : [gate]),
      encode(`,${JSON.stringify(rest).slice(1)}`),
    ];
  },
};

/** The joined text of a kind of event. */
export function loggedText({ events }: SimulatedLog, kind: "text" | "reasoning"): string {
  const end = events.findLastIndex(({ type }) => type === "reasoning_end");
  const kindOf = (index: number) => (index < end ? "reasoning" : events[index]?.type);
  return events.map(({ text = "" }, index) => (kindOf(index) === kind ? text : "")).join("");
}

const EVENTS_OF_A_PAGE = 2;

/** A page of the log after a cursor. */
export function pageOf(log: SimulatedLog, after: number): object {
  const cursor = Math.min(after + EVENTS_OF_A_PAGE, log.events.length);
  const events = objectsOf(log, after).slice(1, 1 + cursor - after);
  return { events, cursor, outcome: cursor === log.events.length ? log.outcome : null };
}

/** The length in bytes of a response from the start through this many events. */
export function lengthThrough(mediaType: string, log: SimulatedLog, events: number): number {
  const pieces = RESPONSES[mediaType]?.({ log, after: 0, heartbeats: [] }) ?? [];
  const opening = mediaType === "text/event-stream" ? 2 : 1;
  const lengths = pieces.map((piece) => piece.length);
  return lengths.slice(0, opening + events).reduce((sum, length) => sum + length, 0);
}

type Said = Readonly<Record<string, unknown>>;

function piecesOf(
  { log, after, heartbeats, gate }: Responding,
  as: (object: Said) => Uint8Array,
): readonly Piece[] {
  const alive = as({ event: "heartbeat", generation: log.start.generation });
  const [start, ...others] = objectsOf(log, after).map(as);
  const outcome = others.pop();
  return [start, ...heartbeats.flatMap((wait) => [wait, alive]), ...others, gate, outcome].filter(
    (piece) => piece !== undefined,
  );
}

function objectsOf({ start, events, outcome }: SimulatedLog, after: number): readonly Said[] {
  const { generation } = start;
  return [
    { event: "start", cursor: after, ...start },
    ...events.slice(after).map(({ type, text }, index) => ({
      event: type === "text" ? "token" : type,
      generation,
      cursor: after + index + 1,
      token: text,
    })),
    { event: "outcome", generation, cursor: "end", ...outcome },
  ];
}

function asLine(object: Said): Uint8Array {
  return encode(`${JSON.stringify(object)}\n`);
}

function asEvent({ event, cursor, ...data }: Said): Uint8Array {
  if (event === "heartbeat") return encode(": heartbeat\n\n");
  const name = event === "token" ? "" : `event: ${event}\n`;
  return encode(`id: ${data.generation}:${cursor}\n${name}data: ${JSON.stringify(data)}\n\n`);
}

function asMessage({ event, generation, cursor, token, ...others }: Said): Uint8Array {
  if (event === "outcome") return enveloped({ done: true, generation, outcome: others });
  const at = cursor === 0 ? { generation } : { generation, cursor };
  if (event === "start") return enveloped({ ...at, start: others });
  if (event === "reasoning_end") return enveloped({ ...at, event, data: {} });
  return enveloped(event === "reasoning" ? { ...at, reasoning: token } : { ...at, token });
}

/** Connect's flag of the last envelope. */
export const LAST = 0b10;

/** A Connect envelope. */
export function enveloped(message: object, flag = 0): Uint8Array {
  const bytes = new Uint8Array(envelope(message));
  bytes[0] = flag;
  return bytes;
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
