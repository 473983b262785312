import {
  type Cursor,
  END,
  type Event,
  NO_TIMING,
  type Outcome,
  type Start,
  type Timing,
} from "./events";
import { isMembers, MalformedEvent, type Members, numberIn, optionalIn, stringIn } from "./members";
import { kindOfEvent, partsOf } from "./parts";

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
    case "outcome":
      return { kind: "outcome", outcome: readOutcome(from) };
    default: {
      const kind = kindOfEvent(from.event);
      return kind && { kind: "part", cursor: readCursor(from), part: kind.read(from) };
    }
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
    { kind: "rest", cursor: END, parts: partsOf(from) },
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
    generation: stringIn(from, "generation"),
    conversation: stringIn(from, "conversation"),
    message: stringIn(from, "message"),
    parent: stringIn(from, "parent"),
    model: stringIn(from, "model"),
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
  switch (stringIn(from, "status")) {
    case "completed":
      return { status: "completed", reason: optionalIn(from, "reason") ?? "stop", timing };
    case "cancelled":
      return { status: "cancelled", by: optionalIn(from, "by") ?? "user", timing };
    case "failed":
      return {
        status: "failed",
        code: optionalIn(from, "code") ?? "internal_error",
        message: optionalIn(from, "message") ?? "",
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
    firstTokenMs: numberIn(from, "first_token_ms"),
    durationMs: numberIn(from, "duration_ms"),
    tokens: numberIn(from, "tokens"),
    tokensPerSecond: numberIn(from, "tokens_per_second"),
    longestGapMs: numberIn(from, "longest_gap_ms"),
    serverMs: numberIn(from, "server_ms"),
    providerMs: numberIn(from, "provider_ms"),
  };
}
