import type { Cursor, Timing } from "./events";

/** Events within this time count as one arrival. */
const TOGETHER_MS = 10;
/** Buffering cannot be distinguished from chance below these limits. */
const SHORTEST_GAP_MS = 100;
const SHORTEST_REPLY_MS = 1_000;
/** A reply that was buffered as a whole arrives within this time after its end. */
const RELEASED_MS = 2_000;

/**
 * What the page measures while a reply arrives. Times are milliseconds of one clock. The cursor approximates the
 * number of tokens: it counts events, and a model server sends about one for each token.
 */
export interface Pace {
  /** When the request was sent or, for a running reply, when the page began to follow it. */
  readonly sentAt: number;
  /** The cursor at `sentAt`; 0 unless the reply was running already. */
  readonly startCursor: Cursor;
  readonly first: { readonly at: number; readonly cursor: Cursor } | null;
  readonly last: { readonly at: number; readonly cursor: Cursor } | null;
  readonly longestGapMs: number;
  readonly arrivals: number;
  /** Whether the connection was lost. What was missed then arrived together. */
  readonly cut: boolean;
}

export function startPace(sentAt: number, startCursor: Cursor = 0): Pace {
  return { sentAt, startCursor, first: null, last: null, longestGapMs: 0, arrivals: 0, cut: false };
}

/** Milliseconds from the request to the first token; null if the page did not see the reply start. */
export function firstTokenMs({ sentAt, startCursor, first }: Pace): number | null {
  return first === null || startCursor > 0 ? null : first.at - sentAt;
}

/** Records that the events up to `cursor` arrived at `at`. */
export function keepPace(pace: Pace, cursor: Cursor, at: number): Pace {
  const here = { at, cursor };
  if (pace.last === null) return { ...pace, first: here, last: here, arrivals: 1 };
  const gapMs = at - pace.last.at;
  const arrivals = pace.arrivals + (gapMs >= TOGETHER_MS ? 1 : 0);
  return { ...pace, last: here, longestGapMs: Math.max(pace.longestGapMs, gapMs), arrivals };
}

/**
 * Whether a proxy buffered the reply: it arrived in few pieces, although the server measured only short gaps while it
 * was generated. The page drops a silent connection, so after a cut only a reply that arrived whole, right after its
 * end, was buffered.
 */
export function wasCollected(pace: Pace, timing: Timing): boolean {
  const { sentAt, startCursor, first, cut, arrivals } = pace;
  const { firstTokenMs, durationMs, longestGapMs } = timing;
  if (startCursor > 0 || first === null) return false;
  if (firstTokenMs === null || durationMs === null || longestGapMs === null) return false;
  const generatedMs = durationMs - firstTokenMs;
  if (generatedMs < SHORTEST_REPLY_MS) return false;
  const heldMs = first.at - sentAt - durationMs;
  if (cut) return arrivals === 1 && heldMs >= 0 && heldMs < RELEASED_MS;
  return arrivals * 4 < generatedMs / Math.max(longestGapMs, SHORTEST_GAP_MS);
}
