import { expect, it } from "vitest";
import { NO_TIMING } from "./events";
import { keepPace, type Pace, startPace, wasCollected } from "./pace";
import { silenceMs, tokensPerSecond } from "./pace-stats";

it("counts tokens from the first one on", () => {
  const first = keepPace(startPace(1000), 5, 1200);
  expect(tokensPerSecond(first)).toBeNull();
  const later = keepPace(first, 45, 2200);
  expect(tokensPerSecond(later)).toBe(40);
  expect(later.longestGapMs).toBe(1000);
});

it("knows how long nothing came", () => {
  expect(silenceMs(startPace(1000), 4000)).toBe(3000);
  expect(silenceMs(keepPace(startPace(1000), 1, 3500), 4000)).toBe(500);
});

/** A reply of 100 tokens in 2 s. */
const TIMING = {
  ...NO_TIMING,
  firstTokenMs: 100,
  durationMs: 2100,
  tokens: 100,
  tokensPerSecond: 50,
  longestGapMs: 30,
};

/** A pace with arrivals at these times. */
function arriving(times: readonly number[], pace: Pace = startPace(0)): Pace {
  return times.reduce((so, at, number) => keepPace(so, so.startCursor + number + 1, at), pace);
}

it("tells what was collected on the way from what came as it was said", () => {
  const apart = Array.from({ length: 100 }, (_, number) => 100 + 20 * number);
  const together = apart.map(() => 2100);
  const inTwo = apart.map((_, number) => (number < 60 ? 1300 : 2100));
  expect(wasCollected(arriving(together), TIMING)).toBe(true);
  expect(wasCollected(arriving(inTwo), TIMING)).toBe(true);
  expect(wasCollected(arriving(apart), TIMING)).toBe(false);
});

it("tells what was held back until the page gave its connection up from what an outage held back", () => {
  const timing = { ...TIMING, durationMs: 40_100, longestGapMs: 300 };
  const cut = { ...startPace(0), cut: true };
  expect(wasCollected(arriving([40_200, 40_201, 40_202], cut), timing)).toBe(true);
  expect(wasCollected(arriving([31_000, 31_001, 31_002], cut), timing)).toBe(false);
  expect(wasCollected(arriving([55_000, 55_001, 55_002], cut), timing)).toBe(false);
  expect(wasCollected(arriving([40_200, 41_000], cut), timing)).toBe(false);
});

it("does not blame the way for what it cannot tell", () => {
  const together = [2100, 2100, 2100];
  // Generated in bursts, too short, cut, resumed, and not measured.
  expect(wasCollected(arriving(together), { ...TIMING, longestGapMs: 1000 })).toBe(false);
  expect(wasCollected(arriving(together), { ...TIMING, durationMs: 1000 })).toBe(false);
  expect(wasCollected(arriving([5000, 5000], { ...startPace(0), cut: true }), TIMING)).toBe(false);
  expect(wasCollected(arriving(together, startPace(0, 5)), TIMING)).toBe(false);
  expect(wasCollected(arriving(together), { ...TIMING, durationMs: null })).toBe(false);
});
