import { expect, it } from "vitest";
import { keepPace, silenceMs, startPace, tokensPerSecond } from "./pace";

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
