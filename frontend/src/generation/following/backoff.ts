const FIRST_MS = 250;
const LONGEST_MS = 8_000;

/**
 * How long to wait before trying again, in milliseconds: doubling, and spread at random over its upper
 * half so that the readers of a server that restarted do not all come back in the same moment.
 *
 * @param attempt - tries since the last progress, from 0
 * @param random - from 0 up to 1
 */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return ceiling * (0.5 + random / 2);
}
