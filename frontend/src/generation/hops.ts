import type { Timing } from "./events";

/** What the time until the first token was spent on, in milliseconds; null where nobody knows. */
export interface Hops {
  /** On the way there and back, proxies included. */
  readonly networkMs: number | null;
  readonly serverMs: number | null;
  readonly providerMs: number | null;
  /** All of it. */
  readonly totalMs: number | null;
}

/**
 * Takes the wait for a first token apart, as `docs/protocol.md` says: what the server and the model did not take is the network's.
 *
 * @param timing - as the server measured it; null until it has said
 * @param waitedMs - how long the page waited; null when it did not see the reply begin
 */
export function hopsOf(timing: Timing | null, waitedMs: number | null): Hops {
  const serverMs = timing?.serverMs ?? null;
  const providerMs = timing?.providerMs ?? null;
  const isKnown = serverMs !== null && providerMs !== null;
  // Both ends round to whole milliseconds.
  const networkMs =
    isKnown && waitedMs !== null ? Math.max(0, waitedMs - serverMs - providerMs) : null;
  return { networkMs, serverMs, providerMs, totalMs: waitedMs ?? timing?.firstTokenMs ?? null };
}
