import { describe, expect, it } from "vitest";
import { browserStorage } from "../../storage";
import { NEW_CHAT, readDraft, writeDraft } from "./drafts";

/** A browser storage with space for `room` entries. */
function storage(room = Number.POSITIVE_INFINITY) {
  const kept = new Map<string, string>();
  const entries: Storage = {
    clear: () => kept.clear(),
    get length() {
      return kept.size;
    },
    key: (index) => [...kept.keys()][index] ?? null,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => {
      if (kept.size >= room) throw new DOMException("full", "QuotaExceededError");
      kept.set(key, value);
    },
    removeItem: (key) => void kept.delete(key),
  };
  return { entries, store: browserStorage(() => entries) };
}

describe("drafts", () => {
  it("are kept for each conversation and for the new one", () => {
    const { store } = storage();
    writeDraft(store, "conv_1", "one");
    writeDraft(store, NEW_CHAT, "new");
    expect(readDraft(store, "conv_1")).toBe("one");
    expect(readDraft(store, NEW_CHAT)).toBe("new");
    expect(readDraft(store, "conv_2")).toBe("");
  });

  it("are forgotten when there is nothing in them any more", () => {
    const { entries, store } = storage();
    writeDraft(store, "conv_1", "one");
    writeDraft(store, "conv_1", " \n");
    expect(entries.length).toBe(0);
  });

  it("leave when fifty newer ones are kept, and leave what is not theirs", () => {
    const { entries, store } = storage();
    entries.setItem("elsewhere", "stays");
    for (let made = 0; made < 60; made += 1) writeDraft(store, `conv_${made}`, "text", made);
    writeDraft(store, "conv_10", "written again", 100);
    expect(entries.length).toBe(51);
    expect(readDraft(store, "conv_9")).toBe("");
    expect(readDraft(store, "conv_10")).toBe("written again");
    expect(readDraft(store, "conv_59")).toBe("text");
  });

  it("are not kept when they are longer than anyone types", () => {
    const { entries, store } = storage();
    writeDraft(store, "conv_1", "x".repeat(100_000));
    expect(readDraft(store, "conv_1")).toHaveLength(100_000);
    writeDraft(store, "conv_1", "x".repeat(100_001));
    expect(entries.length).toBe(0);
  });

  it("disturb nobody where they cannot be kept", () => {
    writeDraft(storage(0).store, "conv_1", "one");
    const forbidden = browserStorage(() => {
      throw new DOMException("forbidden", "SecurityError");
    });
    writeDraft(forbidden, "conv_1", "one");
    expect(readDraft(forbidden, "conv_1")).toBe("");
  });

  it("are nothing where something else was kept", () => {
    const { entries, store } = storage();
    for (const damaged of ["not JSON", "null", '{"text":1,"at":2}', '"text"']) {
      entries.setItem("headwater:draft:conv_1", damaged);
      expect(readDraft(store, "conv_1")).toBe("");
    }
  });
});
