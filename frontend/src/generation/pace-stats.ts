import type { Pace } from "./pace";

/** Tokens a second since the first one; null before the second arrival. */
export function tokensPerSecond({ first, last }: Pace): number | null {
  if (first === null || last === null || last.at <= first.at) return null;
  return ((last.cursor - first.cursor) / (last.at - first.at)) * 1000;
}

/** Milliseconds since the last arrival, or since the request was sent. */
export function silenceMs(pace: Pace, now: number): number {
  return Math.max(0, now - (pace.last?.at ?? pace.sentAt));
}
