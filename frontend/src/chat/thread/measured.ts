import type { Timing } from "../../generation/events";
import { type Reply, replyStatus } from "../../generation/fold";
import { firstTokenMs } from "../../generation/pace";
import { tokensPerSecond } from "../../generation/pace-stats";

/**
 * The measurements of a reply: the server's once it has ended, the page's until then. The time to the first token is
 * always the page's own, because it is what the person waited, unless the page did not see the reply start.
 *
 * @param waitedMs - the time to the first token as measured before the saved reply was read
 */
export function measured(reply: Reply, waitedMs: number | null = null) {
  const { pace, ending } = reply;
  const timing: Timing | null =
    ending === null || ending.status === "refused" ? null : ending.timing;
  return {
    timing,
    firstMs: firstTokenMs(pace) ?? waitedMs ?? timing?.firstTokenMs ?? null,
    /** Tokens a second. */
    rate: timing?.tokensPerSecond ?? tokensPerSecond(pace),
    /** The longest gap in milliseconds; 0 if there was none. */
    gapMs: replyStatus(reply) === "waiting" ? 0 : (timing?.longestGapMs ?? pace.longestGapMs),
  };
}
