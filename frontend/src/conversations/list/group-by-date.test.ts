import { describe, expect, it } from "vitest";
import { english } from "../../language/language";
import { conversation } from "../testing/fake-server";
import { groupByDate } from "./group-by-date";

/** In local time. */
const at = (...time: [number, number, number, number?, number?]) => {
  const [year, month, day, hour = 12, minute = 0] = time;
  return new Date(year, month - 1, day, hour, minute);
};
const NOW = at(2026, 11, 22, 15);
const groupOf = (moment: Date, now = NOW) =>
  groupByDate(english, [conversation("conv_1", { updated_at: moment.toISOString() })], now)[0]
    ?.name;

describe("groupByDate", () => {
  it.each([
    [at(2026, 11, 22, 15), "Today"],
    [at(2026, 11, 22, 0), "Today"],
    [at(2026, 11, 23, 9), "Today"],
    [at(2026, 11, 21, 23, 59), "Yesterday"],
    [at(2026, 11, 21, 0), "Yesterday"],
    [at(2026, 11, 20, 23, 59), "Previous 7 days"],
    [at(2026, 11, 15, 0), "Previous 7 days"],
    [at(2026, 11, 14, 23, 59), "Previous 30 days"],
    [at(2026, 10, 23, 0), "Previous 30 days"],
    [at(2026, 10, 22, 23, 59), "October 2026"],
    [at(2026, 1, 1, 0), "January 2026"],
    [at(2025, 10, 22), "October 2025"],
  ])("puts %s under %s", (moment, name) => {
    expect(groupOf(moment)).toBe(name);
  });

  it("counts days, not hours, where the clocks are changed", () => {
    // With daylight saving time, one of these days has 23 hours and one 25.
    for (let day = 1; day <= 365; day += 1) {
      const now = at(2026, 1, day, 0, 30);
      expect(groupOf(at(2026, 1, day - 1, 0), now)).toBe("Yesterday");
      expect(groupOf(at(2026, 1, day - 7, 0), now)).toBe("Previous 7 days");
    }
  });

  it("keeps the order, and every conversation once", () => {
    const moments = [at(2026, 11, 22), at(2026, 11, 22, 1), at(2026, 9, 2), at(2026, 9, 1)];
    const all = moments.map((moment, index) =>
      conversation(`conv_${index}`, { updated_at: moment.toISOString() }),
    );
    const groups = groupByDate(english, all, NOW);
    expect(groups.map(({ name }) => name)).toEqual(["Today", "September 2026"]);
    expect(groups.flatMap(({ conversations }) => conversations)).toEqual(all);
  });
});
