import type { Cursor } from "./events";

/**
 * What the page itself can measure while a reply arrives; times are milliseconds of one clock. The
 * cursor stands in for tokens: it counts the events of the log, and a model server sends about one
 * a token.
 */
export interface Pace {
  /** When the reply was asked for, or, if it ran already then, when the page began to follow it. */
  readonly sentAt: number;
  /** The cursor at `sentAt`: 0 unless it ran already. */
  readonly begunAt: Cursor;
  readonly first: { readonly at: number; readonly cursor: Cursor } | null;
  readonly last: { readonly at: number; readonly cursor: Cursor } | null;
  readonly longestGapMs: number;
}

/** The pace of a request that was just sent, or of a reply that is followed from `begunAt`. */
export function startPace(sentAt: number, begunAt: Cursor = 0): Pace {
  return { sentAt, begunAt, first: null, last: null, longestGapMs: 0 };
}

/** Milliseconds from the request to the first token; null when the page was not there. */
export function firstTokenMs({ sentAt, begunAt, first }: Pace): number | null {
  return first === null || begunAt > 0 ? null : first.at - sentAt;
}

/** Takes note that the events up to `cursor` arrived at `at`. */
export function keepPace(pace: Pace, cursor: Cursor, at: number): Pace {
  const here = { at, cursor };
  if (pace.last === null) return { ...pace, first: here, last: here };
  return { ...pace, last: here, longestGapMs: Math.max(pace.longestGapMs, at - pace.last.at) };
}

/** Tokens a second since the first one; null until there is something to divide. */
export function tokensPerSecond({ first, last }: Pace): number | null {
  if (first === null || last === null || last.at <= first.at) return null;
  return ((last.cursor - first.cursor) / (last.at - first.at)) * 1000;
}

/** Milliseconds since anything new arrived, or since the request was sent. */
export function silenceMs(pace: Pace, now: number): number {
  return Math.max(0, now - (pace.last?.at ?? pace.sentAt));
}
