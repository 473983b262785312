import type { Cursor, Timing } from "./events";

/** What comes within this time has come together. */
const TOGETHER_MS = 10;
/** The finest and the shortest that collecting can be told from chance by. */
const SHORTEST_GAP_MS = 100;
const SHORTEST_REPLY_MS = 1_000;
/** How soon after its end a reply comes that was held back until then. */
const RELEASED_MS = 2_000;

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
  /** How often something came. */
  readonly arrivals: number;
  /** Whether the connection was lost meanwhile: what came after that came together. */
  readonly cut: boolean;
}

/** The pace of a request that was just sent, or of a reply that is followed from `begunAt`. */
export function startPace(sentAt: number, begunAt: Cursor = 0): Pace {
  return { sentAt, begunAt, first: null, last: null, longestGapMs: 0, arrivals: 0, cut: false };
}

/** Milliseconds from the request to the first token; null when the page was not there. */
export function firstTokenMs({ sentAt, begunAt, first }: Pace): number | null {
  return first === null || begunAt > 0 ? null : first.at - sentAt;
}

/** Takes note that the events up to `cursor` arrived at `at`. */
export function keepPace(pace: Pace, cursor: Cursor, at: number): Pace {
  const here = { at, cursor };
  if (pace.last === null) return { ...pace, first: here, last: here, arrivals: 1 };
  const gapMs = at - pace.last.at;
  const arrivals = pace.arrivals + (gapMs >= TOGETHER_MS ? 1 : 0);
  return { ...pace, last: here, longestGapMs: Math.max(pace.longestGapMs, gapMs), arrivals };
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

/**
 * Whether something on the way collected the reply: it was said, as the server measured it, with gaps
 * that are short beside those between the few times at which it came. A page that hears nothing for long
 * gives its connection up, so after a cut only a reply that came whole, at its end, was held back.
 */
export function wasCollected(pace: Pace, timing: Timing): boolean {
  const { sentAt, begunAt, first, cut, arrivals } = pace;
  const { firstTokenMs, durationMs, longestGapMs } = timing;
  if (
    begunAt > 0 ||
    first === null ||
    firstTokenMs === null ||
    durationMs === null ||
    longestGapMs === null
  ) {
    return false;
  }
  const saidMs = durationMs - firstTokenMs;
  if (saidMs < SHORTEST_REPLY_MS) return false;
  const heldMs = first.at - sentAt - durationMs;
  if (cut) return arrivals === 1 && heldMs >= 0 && heldMs < RELEASED_MS;
  return arrivals * 4 < saidMs / Math.max(longestGapMs, SHORTEST_GAP_MS);
}
