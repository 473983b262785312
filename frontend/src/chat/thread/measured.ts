import type { Timing } from "../../generation/events";
import { type Reply, replyStatus } from "../../generation/fold";
import { firstTokenMs, tokensPerSecond } from "../../generation/pace";

/**
 * What was measured of a reply: by the server once it has ended, by the page until then. What counts of the
 * first token is how long the person waited; only who did not wait for it is told what the server measured.
 */
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

/** @param waitedMs - how long the page waited for the first token, if it still knows though the reply was read anew */
export function measured(reply: Reply, waitedMs: number | null = null): Measured {
  const { pace, ending } = reply;
  const timing = ending === null || ending.status === "refused" ? null : ending.timing;
  return {
    timing,
    firstMs: firstTokenMs(pace) ?? waitedMs ?? timing?.firstTokenMs ?? null,
    rate: timing?.tokensPerSecond ?? tokensPerSecond(pace),
    gapMs: replyStatus(reply) === "waiting" ? 0 : (timing?.longestGapMs ?? pace.longestGapMs),
  };
}
