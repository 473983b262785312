import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Message } from "../../api/schema";
import type { LiveReply } from "../../generation/live-reply";
import { message } from "../testing/message";
import type { Turn } from "./exchange";
import { branchTo, growTree } from "./message-tree";
import { isUnnamed, withTurns } from "./optimistic";

function turn(number: number, members: Partial<Turn> = {}): Turn {
  const after = number === 1 ? null : `a${number - 1}`;
  return {
    key: `turn-${number}`,
    question: `question ${number}`,
    after,
    request: { message: `question ${number}`, model: "scripted/echo" },
    reply: {} as LiveReply,
    start: null,
    isRefused: false,
    isShown: true,
    ...members,
  };
}

function named(number: number): Partial<Turn> {
  return {
    start: {
      generation: `gen_${number}`,
      conversation: "conv_1",
      message: `a${number}`,
      parent: `q${number}`,
      model: "scripted/echo",
    },
  };
}

function saved(turns: number): readonly Message[] {
  return Array.from({ length: turns }, (_, index) => index + 1).flatMap((number) => [
    message({ id: `q${number}`, parent: number === 1 ? null : `a${number - 1}`, role: "user" }),
    message({ id: `a${number}`, parent: `q${number}`, role: "assistant" }),
  ]);
}

describe("the messages that are shown", () => {
  it("are all there once, however late the saved conversation is read", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.nat({ max: 6 }),
        fc.boolean(),
        (asked, read, isLastNamed) => {
          const kept = Math.min(read, isLastNamed ? asked : asked - 1);
          const turns = Array.from({ length: asked }, (_, index) => index + 1).map((number) =>
            turn(number, number < asked || isLastNamed ? named(number) : {}),
          );
          const leaf = kept === 0 ? null : `a${kept}`;
          const shown = withTurns(saved(kept), leaf, turns);
          const branch = branchTo(growTree(shown.messages), shown.leaf);
          expect(branch).toHaveLength(2 * asked);
          expect(new Set(shown.messages.map(({ id }) => id)).size).toBe(2 * asked);
          expect(shown.messages).toHaveLength(2 * asked);
          const isThere = branch.some((each) => isUnnamed(each, turns));
          expect(isThere).toBe(!isLastNamed);
        },
      ),
    );
  });

  it("take the saved ones for true", () => {
    const messages = saved(1);
    const shown = withTurns(messages, "a1", [turn(1, named(1))]);
    expect(shown.messages).toBe(messages);
    expect(shown.leaf).toBe("a1");
  });

  it("hang another reply beside the first one", () => {
    const again = turn(2, {
      question: null,
      after: "q1",
      request: { conversation: "c", to: "q1" },
    });
    const shown = withTurns(saved(1), "a1", [again]);
    expect(shown.messages.at(-1)).toMatchObject({ parent: "q1", role: "assistant", running: true });
    expect(shown.leaf).toBe("turn-2-reply");
    expect(shown.messages.map((each) => isUnnamed(each, [again]))).toEqual([false, false, true]);
  });

  it("follow the saved leaf again once the person has stepped aside", () => {
    const aside = turn(2, { ...named(2), isShown: false });
    expect(withTurns(saved(1), "a1", [aside]).leaf).toBe("a1");
  });

  it("end with the newest one where no leaf is named", () => {
    expect(withTurns(saved(2), null, []).leaf).toBe("a2");
    expect(withTurns(saved(2), "gone", []).leaf).toBe("a2");
    expect(withTurns([], null, []).leaf).toBeNull();
  });
});
