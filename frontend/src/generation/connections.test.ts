import { afterEach, describe, expect, it, vi } from "vitest";
import { hasFewConnections } from "./connections";
import { takeConnection } from "./take-connection";

afterEach(() => vi.unstubAllGlobals());

function loadedOver(protocol: string, hops: readonly string[]) {
  vi.stubGlobal("location", { protocol });
  const entries = hops.map((nextHopProtocol) => ({ nextHopProtocol }));
  vi.stubGlobal("performance", { getEntries: () => [{ name: "a paint" }, ...entries] });
}

/** The locks of all tabs of a browser. */
class Locks {
  readonly held = new Set<string>();

  async request(
    name: string,
    _options: LockOptions,
    hold: (lock: { name: string } | null) => Promise<void> | void,
  ): Promise<void> {
    if (this.held.has(name)) return hold(null);
    this.held.add(name);
    await hold({ name });
    this.held.delete(name);
  }
}

describe("connections", () => {
  it.each([
    ["http:", [""], true],
    ["https:", ["http/1.1", "http/1.1"], true],
    ["https:", ["", "http/1.1"], true],
    ["https:", ["", "h2"], false],
    ["https:", ["h3"], false],
    ["https:", [""], false],
  ])("over %s and %j are few: %s", (protocol, hops, few) => {
    loadedOver(protocol, hops);
    expect(hasFewConnections()).toBe(few);
  });

  it("are taken by four at once, and by another when one is given back", async () => {
    vi.stubGlobal("navigator", { locks: new Locks() });
    const taken = await Promise.all(Array.from({ length: 6 }, () => takeConnection(true)));
    const granted = taken.filter((giveBack) => giveBack !== null);
    expect(granted).toHaveLength(4);
    granted[2]?.();
    await vi.waitFor(async () => expect(await takeConnection(true)).not.toBeNull());
    expect(await takeConnection(true)).toBeNull();
  });

  it("are not taken where tabs cannot count together, unless they are needed; then each tab counts for itself", async () => {
    vi.stubGlobal("navigator", {});
    expect(await takeConnection(true)).toBeNull();
    const taken = await Promise.all(Array.from({ length: 5 }, () => takeConnection(false)));
    expect(taken.filter((giveBack) => giveBack !== null)).toHaveLength(4);
    taken[0]?.();
    expect(await takeConnection(false)).not.toBeNull();
    expect(await takeConnection(false)).toBeNull();
  });
});
