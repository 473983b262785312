import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addPart, type Part, partsOf, textOf, textPart } from "./parts";

const anyParts = fc.array(
  fc.record({
    type: fc.constantFrom("text", "reasoning"),
    text: fc.string({ minLength: 1, maxLength: 4 }),
  }),
);

const NONE: readonly Part[] = [];

describe("parts", () => {
  it("keep the order in which things were said, and no two of a kind follow each other", () => {
    fc.assert(
      fc.property(anyParts, (pieces) => {
        const parts = pieces.reduce(addPart, NONE);
        for (const type of ["text", "reasoning"]) {
          expect(textOf(parts, type)).toBe(textOf(pieces, type));
        }
        const types = parts.map(({ type }) => type);
        expect(types.every((type, index) => type !== types[index - 1])).toBe(true);
        const texts = (all: readonly Part[]) =>
          all.flatMap((part) => ("text" in part ? part.text : []));
        expect(texts(parts).join("")).toBe(texts(pieces).join(""));
      }),
    );
  });

  it("stay the same objects while a later one grows", () => {
    fc.assert(
      fc.property(anyParts, (pieces) => {
        let before = NONE;
        for (const piece of pieces) {
          const after = addPart(before, piece);
          const finished = before.slice(0, after.length - 1);
          expect(finished.every((part, index) => part === after[index])).toBe(true);
          before = after;
        }
      }),
    );
  });

  it("are reasoning if a thought that began without a sign ends", () => {
    const end = { type: "reasoning_end" };
    const pieces = [textPart("Let me "), textPart("see. "), end, textPart("It is 4.")];
    expect(pieces.reduce(addPart, NONE)).toEqual([
      textPart("Let me see. ", "reasoning"),
      textPart("It is 4."),
    ]);
    expect([textPart("a", "reasoning"), textPart("b"), end].reduce(addPart, NONE)).toEqual([
      textPart("ab", "reasoning"),
    ]);
  });

  it("begin with a piece that says something", () => {
    expect(addPart(NONE, textPart(""))).toBe(NONE);
  });

  it("are the reasoning and the text of a reply from a server that knows none", () => {
    expect(partsOf({ text: "yes", reasoning: "hm" })).toEqual([
      textPart("hm", "reasoning"),
      textPart("yes"),
    ]);
    expect(partsOf({ text: "yes", reasoning: "" })).toEqual([textPart("yes")]);
    expect(partsOf({ text: "", reasoning: "" })).toEqual([]);
  });

  it("are as the server says them, also those of a kind that the page does not know", () => {
    const parts = [textPart("a"), { type: "later", call: 1 }, textPart("b")];
    expect(partsOf({ parts, text: "ab", reasoning: "" })).toEqual(parts);
  });
});
