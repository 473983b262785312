import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { onMissing, reportMissing, untilLoaded } from "./missing-modules";

/** A module that can be loaded from some time on. */
function moduleOf<T>(content: T) {
  const module = {
    isThere: false,
    tries: 0,
    async load() {
      module.tries += 1;
      if (!module.isThere) throw new TypeError("Failed to fetch dynamically imported module");
      return content;
    },
  };
  return module;
}

let reports: { isOver: boolean }[] = [];
let stop = () => {};

beforeEach(() => {
  vi.useFakeTimers();
  reports = [];
  stop = onMissing((untilThere) => {
    const report = { isOver: false };
    reports.push(report);
    void untilThere?.then(() => {
      report.isOver = true;
    });
  });
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

it("says nothing of a module that is there", async () => {
  const module = moduleOf("module");
  module.isThere = true;
  expect(await untilLoaded(module.load)).toBe("module");
  expect(reports).toEqual([]);
});

it("says once that modules are missing, until all of them are there", async () => {
  const [first, second] = [moduleOf(1), moduleOf(2)];
  const onFailure = vi.fn();
  const loads = [untilLoaded(first.load, onFailure), untilLoaded(second.load)];
  await vi.advanceTimersByTimeAsync(60_000);
  expect(onFailure).toHaveBeenCalledOnce();
  expect(reports).toEqual([{ isOver: false }]);
  second.isThere = true;
  await vi.advanceTimersByTimeAsync(8_000);
  expect(reports).toEqual([{ isOver: false }]);
  first.isThere = true;
  await vi.advanceTimersByTimeAsync(8_000);
  expect(reports).toEqual([{ isOver: true }]);
  expect(await Promise.all(loads)).toEqual([1, 2]);
});

it("tries a missing module once at a time, however many need it", async () => {
  const module = moduleOf("module");
  const onFailure = vi.fn();
  const atOnce = [untilLoaded(module.load, onFailure), untilLoaded(module.load, onFailure)];
  await vi.advanceTimersByTimeAsync(0);
  const later = [untilLoaded(module.load, onFailure), untilLoaded(module.load, onFailure)];
  expect(module.tries).toBe(2);
  module.isThere = true;
  await vi.advanceTimersByTimeAsync(8_000);
  expect(module.tries).toBe(3);
  expect(onFailure).toHaveBeenCalledTimes(4);
  expect(await Promise.all([...atOnce, ...later])).toEqual(Array(4).fill("module"));
});

it("says so to nobody who no longer listens", () => {
  stop();
  reportMissing();
  expect(reports).toEqual([]);
});
