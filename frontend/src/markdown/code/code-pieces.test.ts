import fc from "fast-check";
import { expect, it } from "vitest";
import { codePieces } from "./code-pieces";

const lines = fc
  .array(fc.constantFrom("", "  ", "def one():", "    return 1", "x = 2"), { maxLength: 300 })
  .map((all) => all.join("\n"));

it("loses nothing", () => {
  fc.assert(
    fc.property(lines, (code) => {
      expect(codePieces(code).join("")).toBe(code);
    }),
  );
});

it("never changes a piece but the last", () => {
  fc.assert(
    fc.property(lines, fc.nat(), (code, at) => {
      const before = codePieces(code.slice(0, at % (code.length + 1))).slice(0, -1);
      expect(codePieces(code).slice(0, before.length)).toEqual(before);
    }),
  );
});

it("cuts where something new begins, and long before it is too much", () => {
  const work = "def work():\n    one()\n\n    two()\n\n\n".repeat(20);
  const pieces = codePieces(work);
  expect(pieces.length).toBeGreaterThan(3);
  for (const piece of pieces.slice(0, -1)) expect(piece).toMatch(/^def[\s\S]*\n\n$/);
  expect(codePieces("x\n".repeat(1000)).every((piece) => piece.length <= 200)).toBe(true);
});
