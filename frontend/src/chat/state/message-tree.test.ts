import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newestDescendant, siblingsOf } from "./branches";
import { branchTo, makeTree, type TreeNode } from "./message-tree";

/** Arbitrary trees: the parent of each message is an earlier one or none. */
const anyMessages = fc
  .array(fc.option(fc.nat(), { freq: 6 }), { minLength: 1, maxLength: 40 })
  .map((parents) =>
    parents.map(
      (parent, index): TreeNode => ({
        id: `m${index}`,
        parent: parent === null || index === 0 ? null : `m${parent % index}`,
      }),
    ),
  );
const anyPlace = fc
  .tuple(anyMessages, fc.nat())
  .map(([messages, index]) => ({ messages, at: messages[index % messages.length] as TreeNode }));

describe("a tree of messages", () => {
  it("leads from a beginning to each message, parent by parent", () => {
    fc.assert(
      fc.property(anyPlace, ({ messages, at }) => {
        const branch = branchTo(makeTree(messages), at.id);
        expect(branch.at(-1)).toBe(at);
        expect(branch[0]?.parent).toBeNull();
        for (const [index, message] of branch.slice(1).entries()) {
          expect(message.parent).toBe(branch[index]?.id);
        }
      }),
    );
  });

  it("has each message once among its siblings, in the order of their making", () => {
    fc.assert(
      fc.property(anyPlace, ({ messages, at }) => {
        const siblings = siblingsOf(makeTree(messages), at);
        expect(siblings.filter(({ id }) => id === at.id)).toHaveLength(1);
        expect(siblings).toEqual(messages.filter(({ parent }) => parent === at.parent));
      }),
    );
  });

  it("steps to the newest message behind a sibling, on whose branch the sibling lies", () => {
    fc.assert(
      fc.property(anyPlace, ({ messages, at }) => {
        const tree = makeTree(messages);
        const newest = newestDescendant(tree, at.id);
        expect(branchTo(tree, newest)).toContain(at);
        const behind = messages.filter(({ id }) => branchTo(tree, id).includes(at));
        expect(newest).toBe(behind.at(-1)?.id);
        expect(tree.after.has(newest)).toBe(false);
      }),
    );
  });

  it("shows all of a tree with holes, and ends", () => {
    const damaged = [
      { id: "b", parent: "a" },
      { id: "c", parent: "b" },
      { id: "d", parent: "d" },
      { id: "a", parent: "c" },
    ];
    const tree = makeTree(damaged);
    expect(branchTo(tree, "c").map(({ id }) => id)).toEqual(["b", "c"]);
    expect(siblingsOf(tree, damaged[0] as TreeNode).map(({ id }) => id)).toEqual(["b", "d"]);
    expect(branchTo(tree, "d")).toHaveLength(1);
  });

  it("knows no branch to nowhere", () => {
    const tree = makeTree([{ id: "a", parent: null }]);
    expect(branchTo(tree, "b")).toEqual([]);
    expect(branchTo(tree, null)).toEqual([]);
  });
});
