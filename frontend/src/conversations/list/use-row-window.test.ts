import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rowAt } from "./use-row-window";

describe("rowAt", () => {
  it("is the row that begins at or above a height, and always one of them", () => {
    const heights = fc.array(fc.constantFrom(36, 40), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(heights, fc.integer({ min: -500, max: 3_000 }), (rows, height) => {
        const edges = [0];
        for (const row of rows) edges.push((edges.at(-1) ?? 0) + row);
        const tops = edges.slice(0, -1);
        const expected = Math.max(
          0,
          tops.findLastIndex((top) => top <= height),
        );
        expect(rowAt(edges, height)).toBe(expected);
      }),
    );
  });
});
