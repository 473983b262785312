const FIRST_MS = 250;
const LONGEST_MS = 8_000;

/**
 * The pause before another try, in milliseconds. Exponential, with jitter over the upper half, so that the readers
 * of a restarted server do not all reconnect at the same moment.
 *
 * @param attempt - the tries since the last progress, from 0
 * @param random - from 0 up to 1
 */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return ceiling * (0.5 + random / 2);
}
