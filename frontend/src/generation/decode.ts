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
 * Reads one event. Unknown events and members are ignored, so that a newer server may send more.
 *
 * @param from - the event's own members, `event` (its name) and `cursor` (the position after it)
 * @returns undefined for an unknown event
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
 * Reads a complete reply, which the non-streaming mode returns as one object.
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
 * Reads an outcome. An unknown status counts as `interrupted`: all that is known is that the reply ended.
 *
 * @throws MalformedEvent
 */
export function readOutcome(from: Members): Outcome {
  const timing = readTiming(from.timing);
  switch (stringIn(from, "status")) {
    case "completed": {
      const noText = optionalIn(from, "no_text");
      const reason = optionalIn(from, "reason") ?? "stop";
      return { status: "completed", reason, ...(noText && { noText }), timing };
    }
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
