import type { Timing } from "../generation/events";
import { type Reply, replyStatus } from "../generation/fold";
import { firstTokenMs, tokensPerSecond } from "../generation/pace";

/** What was measured of a reply: by the server once it has ended, by the page until then. */
export interface Measured {
  /** What the server said; null until then. */
  readonly timing: Timing | null;
  /** Milliseconds to the first token. */
  readonly firstMs: number | null;
  /** Tokens a second. */
  readonly rate: number | null;
  /** The longest gap in milliseconds; 0 until there is one. */
  readonly gapMs: number;
}

export function measured(reply: Reply): Measured {
  const { pace, ending } = reply;
  const timing = ending === null || ending.status === "refused" ? null : ending.timing;
  return {
    timing,
    firstMs: timing?.firstTokenMs ?? firstTokenMs(pace),
    rate: timing?.tokensPerSecond ?? tokensPerSecond(pace),
    gapMs: replyStatus(reply) === "waiting" ? 0 : (timing?.longestGapMs ?? pace.longestGapMs),
  };
}
