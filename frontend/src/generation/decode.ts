import {
  type Cursor,
  END,
  type Event,
  NO_TIMING,
  type Outcome,
  type Start,
  type Timing,
} from "./events";

/**
 * A known event that does not say what it must. The reader treats it like a cut and asks again, so
 * that a damaged response never becomes a damaged reply.
 */
export class MalformedEvent extends Error {
  override readonly name = "MalformedEvent";
}

/** The members of a JSON object. */
export type Members = Readonly<Record<string, unknown>>;

/**
 * Reads one event off the wire. Names and members that are not known are passed over, so that a newer
 * server can say more.
 *
 * @param from - `event`, `cursor` behind it, and what the event says
 * @returns undefined for an event this page does not know
 * @throws MalformedEvent
 */
export function readEvent(from: Members): Event | undefined {
  switch (from.event) {
    case "start":
      return { kind: "start", cursor: readCursor(from), start: readStart(from) };
    case "token":
      return { kind: "text", cursor: readCursor(from), text: text(from, "token") };
    case "reasoning":
      return { kind: "reasoning", cursor: readCursor(from), text: text(from, "token") };
    case "outcome":
      return { kind: "outcome", outcome: readOutcome(from) };
    default:
      return undefined;
  }
}

/**
 * Reads the wire's object that is all of a reply.
 *
 * @throws MalformedEvent
 */
export function readWhole(from: Members): readonly Event[] {
  if (!isMembers(from.outcome)) throw new MalformedEvent("a reply without an outcome");
  return [
    { kind: "start", cursor: 0, start: readStart(from) },
    { kind: "rest", cursor: END, text: text(from, "text"), reasoning: text(from, "reasoning") },
    { kind: "outcome", outcome: readOutcome(from.outcome) },
  ];
}

function readCursor({ cursor }: Members): Cursor {
  if (typeof cursor === "number" && Number.isInteger(cursor)) return cursor;
  throw new MalformedEvent(`an event without a cursor: ${cursor}`);
}

/** @throws MalformedEvent */
export function readStart(from: Members): Start {
  return {
    generation: text(from, "generation"),
    conversation: text(from, "conversation"),
    message: text(from, "message"),
    parent: text(from, "parent"),
    model: text(from, "model"),
  };
}

/**
 * Reads the wire's outcome object. A status that is not known counts as `interrupted`: the reply
 * ended, and nothing more can be said of it.
 *
 * @throws MalformedEvent
 */
export function readOutcome(from: Members): Outcome {
  const timing = readTiming(from.timing);
  switch (text(from, "status")) {
    case "completed":
      return { status: "completed", reason: optional(from, "reason") ?? "stop", timing };
    case "cancelled":
      return { status: "cancelled", by: optional(from, "by") ?? "user", timing };
    case "failed":
      return {
        status: "failed",
        code: optional(from, "code") ?? "internal_error",
        message: optional(from, "message") ?? "",
        retryable: from.retryable === true,
        timing,
      };
    default:
      return { status: "interrupted", timing };
  }
}

function readTiming(from: unknown): Timing {
  if (!isMembers(from)) return NO_TIMING;
  return {
    firstTokenMs: figure(from, "first_token_ms"),
    durationMs: figure(from, "duration_ms"),
    tokens: figure(from, "tokens"),
    tokensPerSecond: figure(from, "tokens_per_second"),
    longestGapMs: figure(from, "longest_gap_ms"),
    serverMs: figure(from, "server_ms"),
    providerMs: figure(from, "provider_ms"),
  };
}

/**
 * Reads a JSON object.
 *
 * @throws MalformedEvent for anything else
 */
export function parse(data: string): Members {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (error) {
    throw new MalformedEvent("an event's data is not JSON", { cause: error });
  }
  if (!isMembers(value)) throw new MalformedEvent("an event's data is not an object");
  return value;
}

/** Whether it is a JSON object. */
export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function optional(from: Members, member: string): string | undefined {
  const value = from[member];
  return typeof value === "string" ? value : undefined;
}

function text(from: Members, member: string): string {
  const value = optional(from, member);
  if (value === undefined) throw new MalformedEvent(`an event without "${member}"`);
  return value;
}

function figure(from: Members, member: string): number | null {
  const value = from[member];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
