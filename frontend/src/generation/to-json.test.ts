import { describe, expect, it } from "vitest";
import { toJson } from "./to-json";

describe("toJson", () => {
  it("replaces halves of characters and nothing else", () => {
    const message = "half \ud83d end \ude00 \ud83d\ude00 \ude00\ud83d";
    expect(toJson({ message, ids: ["a"], seed: 1 })).toBe(
      '{"message":"half \ufffd end \ufffd 😀 \ufffd\ufffd","ids":["a"],"seed":1}',
    );
  });
});
