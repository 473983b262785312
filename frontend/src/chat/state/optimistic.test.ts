import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Message } from "../../api/schema";
import type { LiveReply } from "../../generation/following/live-reply";
import type { StartRequest } from "../../generation/transport";
import { message } from "../testing/message";
import type { Exchange } from "./exchange";
import { branchTo, makeTree } from "./message-tree";
import { withExchanges } from "./optimistic";

function exchange(request: StartRequest, members: Partial<Exchange> = {}): Exchange {
  const reply = {} as LiveReply;
  return { request, reply, state: "started", isShown: true, ...members };
}

/** The exchange with this number in its conversation. */
function numbered(number: number, members: Partial<Exchange> = {}): Exchange {
  const ids = { message: `q${number}`, reply: `a${number}`, generation: `gen_${number}` };
  const text = `question ${number}`;
  const request =
    number === 1
      ? { message: text, ids: { conversation: "conv_1", ...ids } }
      : { message: text, conversation: "conv_1", parent: `a${number - 1}`, ids };
  return exchange(request, members);
}

function saved(count: number): readonly Message[] {
  return Array.from({ length: count }, (_, index) => index + 1).flatMap((number) => [
    message({ id: `q${number}`, parent: number === 1 ? null : `a${number - 1}`, role: "user" }),
    message({ id: `a${number}`, parent: `q${number}`, role: "assistant" }),
  ]);
}

describe("the messages that are shown", () => {
  it("are all there once, however late the saved conversation is read", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.nat({ max: 6 }), (count, read) => {
        const kept = Math.min(read, count);
        const exchanges = Array.from({ length: count }, (_, index) => numbered(index + 1));
        const leaf = kept === 0 ? null : `a${kept}`;
        const shown = withExchanges(saved(kept), leaf, exchanges);
        const branch = branchTo(makeTree(shown.messages), shown.leaf);
        expect(branch).toHaveLength(2 * count);
        expect(new Set(shown.messages.map(({ id }) => id)).size).toBe(2 * count);
        expect(shown.messages).toHaveLength(2 * count);
      }),
    );
  });

  it("say what was asked, where it was asked", () => {
    expect(withExchanges([], null, [numbered(1)]).messages).toMatchObject([
      { id: "q1", parent: null, role: "user", text: "question 1" },
      { id: "a1", parent: "q1", role: "assistant", generation: "gen_1", running: true },
    ]);
    const ids = { message: "q3", reply: "a3", generation: "gen_3" };
    const edited = { message: "instead", conversation: "conv_1", parent: "root", ids };
    expect(withExchanges(saved(1), "a1", [exchange(edited)]).messages.at(-2)).toMatchObject({
      id: "q3",
      parent: null,
      text: "instead",
    });
  });

  it("take the saved ones for true", () => {
    const messages = saved(1);
    const shown = withExchanges(messages, "a1", [numbered(1)]);
    expect(shown.messages).toBe(messages);
    expect(shown.leaf).toBe("a1");
  });

  it("hang another reply beside the first one", () => {
    const ids = { reply: "a2", generation: "gen_2" };
    const again = exchange({ conversation: "conv_1", to: "q1", ids });
    const shown = withExchanges(saved(1), "a1", [again]);
    expect(shown.messages.at(-1)).toMatchObject({ parent: "q1", role: "assistant", running: true });
    expect(shown.leaf).toBe("a2");
  });

  it("follow the saved leaf again once the person has stepped aside", () => {
    expect(withExchanges(saved(1), "a1", [numbered(2, { isShown: false })]).leaf).toBe("a1");
  });

  it("end with the newest one where no leaf is named", () => {
    expect(withExchanges(saved(2), null, []).leaf).toBe("a2");
    expect(withExchanges(saved(2), "gone", []).leaf).toBe("a2");
    expect(withExchanges([], null, []).leaf).toBeNull();
  });
});
