import { assertNever } from "./assert-never";
import { type Cursor, NO_TIMING, type Outcome, type Start } from "./events";
import type { Step } from "./following/follow";
import { keepPace, type Pace, startPace } from "./pace";
import { addPart, type Part } from "./parts";
import type { Problem } from "./problem";

/** How a reply ended: with the log's outcome, or because the server refused to start it. */
export type Ending = Outcome | { readonly status: "refused"; readonly problem: Problem };

/** Everything the page knows about one reply. */
export interface Reply {
  /** Null until the server has named the generation. */
  readonly start: Start | null;
  readonly parts: readonly Part[];
  readonly cursor: Cursor;
  /** When the connection was lost, in milliseconds of `performance.now()`; null while there is one. */
  readonly lostAt: number | null;
  readonly pace: Pace;
  readonly ending: Ending | null;
}

/** The status of a reply as people see it. A refused reply has `failed`. */
export type ReplyStatus = "waiting" | "streaming" | Outcome["status"];

/** A reply whose request was sent at `sentAt` (milliseconds). */
export function emptyReply(sentAt: number): Reply {
  return {
    start: null,
    parts: [],
    cursor: 0,
    lostAt: null,
    pace: startPace(sentAt),
    ending: null,
  };
}

/** A running reply as the server saved it, up to `cursor`. */
export type ReplySoFar = Pick<Reply, "parts" | "cursor"> & { readonly start: Start };

/** A reply that was running already when the page began to follow it at `now` (milliseconds). */
export function resumedReply({ start, parts, cursor }: ReplySoFar, now: number): Reply {
  return { ...emptyReply(0), start, parts, cursor, pace: startPace(now, cursor) };
}

/** Adds a step, which arrived at `at` (milliseconds), to a reply. Pure. */
export function fold(reply: Reply, step: Step, at: number): Reply {
  switch (step.kind) {
    case "start":
      return { ...reply, start: step.start };
    case "part": {
      const { cursor, part } = step;
      const pace = keepPace(reply.pace, cursor, at);
      return { ...reply, cursor, pace, parts: addPart(reply.parts, part) };
    }
    case "rest":
      return { ...reply, cursor: step.cursor, parts: step.parts.reduce(addPart, reply.parts) };
    case "outcome":
      return { ...reply, lostAt: null, ending: step.outcome };
    case "reconnecting":
      return { ...reply, lostAt: reply.lostAt ?? at, pace: { ...reply.pace, cut: true } };
    case "reconnected":
      return { ...reply, lostAt: null };
    default:
      return assertNever(step);
  }
}

/** The ending of a reply that the person stopped while no server could be reached. */
export const STOPPED_HERE: Outcome = { status: "cancelled", by: "user", timing: NO_TIMING };

export function replyStatus({ ending, cursor }: Reply): ReplyStatus {
  if (ending !== null) return ending.status === "refused" ? "failed" : ending.status;
  return cursor === 0 ? "waiting" : "streaming";
}

export function isRunning(reply: Reply): boolean {
  return reply.ending === null;
}
