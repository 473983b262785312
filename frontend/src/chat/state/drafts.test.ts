import { describe, expect, it } from "vitest";
import { type DraftStorage, NEW_CHAT, readDraft, writeDraft } from "./drafts";

/** The browser's storage; `room` is how many entries it takes. */
function storage(room = Number.POSITIVE_INFINITY): DraftStorage {
  const kept = new Map<string, string>();
  return {
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
}

describe("drafts", () => {
  it("are kept for each conversation and for the new one", () => {
    const kept = storage();
    writeDraft(kept, "conv_1", "one");
    writeDraft(kept, NEW_CHAT, "new");
    expect(readDraft(kept, "conv_1")).toBe("one");
    expect(readDraft(kept, NEW_CHAT)).toBe("new");
    expect(readDraft(kept, "conv_2")).toBe("");
  });

  it("are forgotten when there is nothing in them any more", () => {
    const kept = storage();
    writeDraft(kept, "conv_1", "one");
    writeDraft(kept, "conv_1", " \n");
    expect(kept.length).toBe(0);
  });

  it("leave when fifty newer ones are kept, and leave what is not theirs", () => {
    const kept = storage();
    kept.setItem("elsewhere", "stays");
    for (let made = 0; made < 60; made += 1) writeDraft(kept, `conv_${made}`, "text", made);
    writeDraft(kept, "conv_10", "written again", 100);
    expect(kept.length).toBe(51);
    expect(readDraft(kept, "conv_9")).toBe("");
    expect(readDraft(kept, "conv_10")).toBe("written again");
    expect(readDraft(kept, "conv_59")).toBe("text");
  });

  it("are not kept when they are longer than anyone types", () => {
    const kept = storage();
    writeDraft(kept, "conv_1", "x".repeat(100_000));
    expect(readDraft(kept, "conv_1")).toHaveLength(100_000);
    writeDraft(kept, "conv_1", "x".repeat(100_001));
    expect(kept.length).toBe(0);
  });

  it("disturb nobody where they cannot be kept", () => {
    writeDraft(storage(0), "conv_1", "one");
    writeDraft(null, "conv_1", "one");
    expect(readDraft(null, "conv_1")).toBe("");
  });

  it("are nothing where something else was kept", () => {
    const kept = storage();
    for (const damaged of ["not JSON", "null", '{"text":1,"at":2}', '"text"']) {
      kept.setItem("headwater:draft:conv_1", damaged);
      expect(readDraft(kept, "conv_1")).toBe("");
    }
  });
});
