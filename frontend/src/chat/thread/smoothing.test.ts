import fc from "fast-check";
import { expect, it } from "vitest";
import { advance, type Flow, flowOf } from "./smoothing";

const FRAME_MS = 16;

/** The number of characters shown in each frame, if `come` characters arrive before each. */
function frames(come: readonly number[], after = 0): readonly number[] {
  let text = "";
  let flow: Flow = flowOf(text, 0);
  return [...come, ...Array<number>(after).fill(0)].map((characters, index) => {
    text += "x".repeat(characters);
    flow = advance(flow, text, index >= come.length, (index + 1) * FRAME_MS);
    return flow.shown;
  });
}

it("never delays the end by more than 200 ms, whatever waits", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5_000), { minLength: 1, maxLength: 40 }), (come) => {
      const all = come.reduce((sum, characters) => sum + characters, 0);
      const endAndAfter = frames(come, 12).slice(come.length);
      expect(endAndAfter.indexOf(all) * FRAME_MS).toBeLessThanOrEqual(160);
      expect(endAndAfter.at(-1)).toBe(all);
    }),
  );
});

it("only ever shows more, and never what has not come", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(500), { minLength: 2, maxLength: 60 }), (come) => {
      let have = 0;
      let before = 0;
      for (const [index, shown] of frames(come).entries()) {
        have += come[index] ?? 0;
        expect(shown).toBeGreaterThanOrEqual(before);
        expect(shown).toBeLessThanOrEqual(have);
        before = shown;
      }
    }),
  );
});

it("makes a stream of what comes in bursts", () => {
  // 60 characters every 100 ms.
  const come = Array.from({ length: 60 }, (_, index) => (index % 6 === 0 ? 60 : 0));
  const shown = frames(come);
  const steps = shown.slice(12).map((now, index) => now - (shown[index + 11] ?? 0));
  expect(Math.max(...steps)).toBeLessThan(20);
  expect(Math.min(...steps)).toBeGreaterThan(3);
});

it("does not fall behind what comes fast", () => {
  const shown = frames(Array<number>(120).fill(64));
  expect(120 * 64 - (shown.at(-1) ?? 0)).toBeLessThan(7 * 64);
});

it("keeps characters whole", () => {
  const text = "🌊".repeat(50);
  let flow = flowOf("", 0);
  for (let frame = 1; flow.shown < text.length; frame += 1) {
    flow = advance(flow, text, false, frame * FRAME_MS);
    expect(flow.shown % 2).toBe(0);
  }
});
