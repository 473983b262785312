import { assertNever } from "./assert-never";
import { type Cursor, NO_TIMING, type Outcome, type Start } from "./events";
import type { Step } from "./following/follow";
import { keepPace, type Pace, startPace } from "./pace";
import { addPart, type Part } from "./parts";
import type { Problem } from "./problem";

/** How a reply ended: as the log says, or because it never began. */
export type Ending = Outcome | { readonly status: "refused"; readonly problem: Problem };

/** Everything the page knows of one reply. */
export interface Reply {
  /** Null until the server has named the generation. */
  readonly start: Start | null;
  readonly parts: readonly Part[];
  readonly cursor: Cursor;
  /** Since when there has been no connection, in milliseconds of the page's clock; null while there is one. */
  readonly lostAt: number | null;
  readonly pace: Pace;
  readonly ending: Ending | null;
}

/** What a person sees a reply do. A reply that was refused has failed. */
export type ReplyStatus =
  | "waiting"
  | "streaming"
  | "completed"
  | "cancelled"
  | "failed"
  | "interrupted";

/** A reply that was asked for at `sentAt` (milliseconds). */
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

/** What the server has kept of a reply that still runs, up to `cursor`. */
export interface ReplySoFar {
  readonly start: Start;
  readonly parts: readonly Part[];
  readonly cursor: Cursor;
}

/** A reply that ran already when the page found it at `foundAt` (milliseconds). */
export function foundReply({ start, parts, cursor }: ReplySoFar, foundAt: number): Reply {
  return { ...emptyReply(0), start, parts, cursor, pace: startPace(foundAt, cursor) };
}

/** Adds one step to a reply. Pure; `at` is when the step arrived, in milliseconds. */
export function fold(reply: Reply, step: Step, at: number): Reply {
  switch (step.kind) {
    case "start":
      return { ...reply, start: step.start };
    case "part":
      return { ...arrived(reply, step.cursor, at), parts: addPart(reply.parts, step.part) };
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

function arrived(reply: Reply, cursor: Cursor, at: number): Reply {
  return { ...reply, cursor, pace: keepPace(reply.pace, cursor, at) };
}

/** The ending of a reply that was stopped here, with no server to say so. */
export const STOPPED_HERE: Outcome = { status: "cancelled", by: "user", timing: NO_TIMING };

export function replyStatus({ ending, cursor }: Reply): ReplyStatus {
  if (ending !== null) return ending.status === "refused" ? "failed" : ending.status;
  return cursor === 0 ? "waiting" : "streaming";
}

/** Whether more can still come. */
export function isRunning(reply: Reply): boolean {
  return reply.ending === null;
}
