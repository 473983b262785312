import { describe, expect, it } from "vitest";
import { NO_TIMING } from "./events";
import { hopsOf } from "./first-token-hops";

const timing = { ...NO_TIMING, firstTokenMs: 190, serverMs: 6, providerMs: 190 };

describe("hopsOf", () => {
  it("gives the network what server and model did not take", () => {
    expect(hopsOf(timing, 231)).toEqual({
      networkMs: 35,
      serverMs: 6,
      providerMs: 190,
      totalMs: 231,
    });
  });

  it("takes nothing from the network where clocks have rounded", () => {
    expect(hopsOf(timing, 195.6).networkMs).toBe(0);
  });

  it("does not guess the network's share", () => {
    expect(hopsOf(timing, null)).toMatchObject({ networkMs: null, totalMs: 190 });
    expect(hopsOf({ ...timing, serverMs: null }, 231).networkMs).toBeNull();
    expect(hopsOf(null, 231)).toEqual({
      networkMs: null,
      serverMs: null,
      providerMs: null,
      totalMs: 231,
    });
  });
});
