import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { textOf } from "../../generation/parts";
import { message } from "../testing/message";
import { entriesOf, isSameEntry, lastMessage, partsBefore } from "./entries";
import { branchTo, makeTree } from "./message-tree";

/** An arbitrary tree with arbitrary roles, and a leaf. */
const anyTree = fc
  .array(fc.tuple(fc.option(fc.nat(), { freq: 8 }), fc.boolean()), { minLength: 1, maxLength: 30 })
  .chain((places) =>
    fc.record({
      leaf: fc.nat({ max: places.length - 1 }).map((index) => `m${index}`),
      messages: fc.constant(
        places.map(([parent, isReply], index) =>
          message({
            id: `m${index}`,
            parent: parent === null || index === 0 ? null : `m${parent % index}`,
            role: isReply ? "assistant" : "user",
            text: `[${index}]`,
          }),
        ),
      ),
    }),
  );

describe("entries", () => {
  it("show each message of the branch once, in order, and join what goes on", () => {
    fc.assert(
      fc.property(anyTree, ({ messages, leaf }) => {
        const tree = makeTree(messages);
        const entries = entriesOf(tree, leaf);
        expect(entries.flatMap(({ messages }) => messages)).toEqual(branchTo(tree, leaf));
        for (const [index, entry] of entries.entries()) {
          const isAfterReply = entries[index - 1]?.role === "assistant";
          expect(entry.role === "assistant" && isAfterReply).toBe(false);
          expect(entry.messages.every(({ role }) => role === entry.role)).toBe(true);
          if (entry.role === "user") expect(entry.messages).toHaveLength(1);
          const text = textOf(partsBefore(entry)) + lastMessage(entry).text;
          expect(text).toBe(entry.messages.map(({ text }) => text).join(""));
        }
      }),
    );
  });

  it("lead to every branch, and back", () => {
    fc.assert(
      fc.property(anyTree, ({ messages, leaf }) => {
        const tree = makeTree(messages);
        for (const entry of entriesOf(tree, leaf)) {
          for (const { position, count, previous, next } of entry.forks) {
            expect(count).toBeGreaterThan(1);
            expect(previous === null).toBe(position === 1);
            expect(next === null).toBe(position === count);
            const stepped = [...entriesOf(tree, next ?? previous)].flatMap(({ forks }) => forks);
            const there = position + (next === null ? -1 : 1);
            expect(stepped.some((fork) => fork.position === there && fork.count === count)).toBe(
              true,
            );
          }
        }
      }),
    );
  });

  it("are named by their first message", () => {
    const tree = makeTree([
      message({ id: "q", parent: null, role: "user" }),
      message({ id: "a", parent: "q", role: "assistant" }),
      message({ id: "b", parent: "a", role: "assistant" }),
    ]);
    expect(entriesOf(tree, "b").map(({ key }) => key)).toEqual(["q", "a"]);
  });

  it("are the same when they are made again of the same messages, and only then", () => {
    fc.assert(
      fc.property(anyTree, ({ messages, leaf }) => {
        const [entries, again] = [1, 2].map(() => entriesOf(makeTree(messages), leaf));
        expect(entries?.every((entry, index) => isSameEntry(entry, again?.[index] ?? entry))).toBe(
          true,
        );
        const changed = messages.map((each) => (each.id === leaf ? { ...each, text: "" } : each));
        const last = entriesOf(makeTree(changed), leaf).at(-1);
        expect(isSameEntry(entries?.at(-1) as never, last as never)).toBe(false);
      }),
    );
  });
});
