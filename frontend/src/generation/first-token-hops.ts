import type { Timing } from "./events";

/** The time to the first token by where it was spent, in milliseconds; null where it is unknown. */
export interface Hops {
  /** Both directions, proxies included. */
  readonly networkMs: number | null;
  readonly serverMs: number | null;
  readonly providerMs: number | null;
  readonly totalMs: number | null;
}

/**
 * Splits the time to the first token (`docs/wire.md`). The network takes what the server and the provider did not.
 *
 * @param timing - the server's measurements; null before the outcome
 * @param waitedMs - how long the page waited; null if it did not see the reply start
 */
export function hopsOf(timing: Timing | null, waitedMs: number | null): Hops {
  const serverMs = timing?.serverMs ?? null;
  const providerMs = timing?.providerMs ?? null;
  const isKnown = serverMs !== null && providerMs !== null;
  // The difference can be negative, because both sides round to whole milliseconds.
  const networkMs =
    isKnown && waitedMs !== null ? Math.max(0, waitedMs - serverMs - providerMs) : null;
  return { networkMs, serverMs, providerMs, totalMs: waitedMs ?? timing?.firstTokenMs ?? null };
}
