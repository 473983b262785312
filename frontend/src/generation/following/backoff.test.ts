import { expect, it } from "vitest";
import { backoffMs } from "./backoff";

it("doubles up to eight seconds, spread over the upper half", () => {
  const shortest = [0, 1, 2, 3, 4, 5, 6, 60].map((attempt) => backoffMs(attempt, 0));
  expect(shortest).toEqual([125, 250, 500, 1000, 2000, 4000, 4000, 4000]);
  expect(backoffMs(0, 1)).toBe(250);
  expect(backoffMs(60, 1)).toBe(8000);
});
