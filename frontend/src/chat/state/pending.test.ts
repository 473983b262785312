// @vitest-environment jsdom
import { describe, expect, it, vi } from "vitest";
import type { Event } from "../../generation/events";
import { NO_TIMING } from "../../generation/events";
import { Problem } from "../../generation/problem";
import type { Arrival, Transport } from "../../generation/transport";
import { message } from "../testing/message";
import { Turns } from "./pending";

const START: Event = {
  kind: "start",
  cursor: 0,
  start: {
    generation: "gen_1",
    conversation: "conv_1",
    message: "a1",
    parent: "q1",
    model: "scripted/echo",
  },
};
const END: Event = {
  kind: "outcome",
  outcome: { status: "completed", reason: "stop", timing: NO_TIMING },
};
const RUNNING = message({
  id: "a1",
  parent: "q1",
  role: "assistant",
  text: "Some",
  generation: "gen_1",
  running: true,
  cursor: 1,
});

/** The turns of a page, whose replies say what each test lets them. */
function page() {
  const said: (Event | Error)[][] = [];
  const read = async function* (): AsyncGenerator<Arrival> {
    for (const event of said.shift() ?? []) {
      if (event instanceof Error) throw event;
      yield [event];
    }
    await new Promise(() => undefined);
  };
  const transport = {
    start: vi.fn(read),
    resume: vi.fn(read),
    cancel: vi.fn(async () => undefined),
  } satisfies Transport;
  const onMoved = vi.fn();
  const onCollected = vi.fn();
  const turns = new Turns({ transport, onMoved, onCollected });
  const state = () => turns.getSnapshot();
  return {
    turns,
    state,
    transport,
    onMoved,
    onCollected,
    say: (...events: (Event | Error)[]) => said.push(events),
  };
}

const REQUEST = { message: "one" };

describe("Turns", () => {
  it("knows how long was waited for a reply that is dropped the moment it has ended", async () => {
    const { turns, transport } = page();
    transport.start.mockImplementation(async function* () {
      try {
        yield [START, { kind: "text", cursor: 1, text: "all of it" }, END] satisfies Event[];
      } finally {
        // The conversation is read before the response is closed.
        await new Promise(() => undefined);
      }
    });
    const { reply } = turns.begin("new-1", null, REQUEST, "one");
    await new Promise<void>((settled) => {
      reply.subscribe(() => reply.getSnapshot().ending !== null && settled());
    });
    const waitedMs = turns.waitedMs("a1");
    expect(waitedMs).toBeGreaterThan(0);
    turns.settle("new-1", [{ ...RUNNING, running: false }]);
    expect(turns.getSnapshot().replies.has("a1")).toBe(false);
    expect(turns.waitedMs("a1")).toBe(waitedMs);
    expect(turns.waitedMs("a2")).toBeNull();
  });

  it("tells once that replies are collected on their way", async () => {
    const { turns, say, onMoved, onCollected } = page();
    const timing = { ...NO_TIMING, firstTokenMs: 10, durationMs: 5000, longestGapMs: 20 };
    const text: Event = { kind: "text", cursor: 1, text: "all of it" };
    const late: Event = {
      kind: "outcome",
      outcome: { status: "completed", reason: "stop", timing },
    };
    say(START, text, late);
    say(START, text, late);
    await turns.begin("new-1", null, REQUEST, "one").reply.ended;
    await turns.begin("conv_1", "a1", REQUEST, "two").reply.ended;
    await vi.waitFor(() => expect(onMoved).toHaveBeenCalledTimes(4));
    expect(onCollected).toHaveBeenCalledOnce();
  });

  it("names the place of a new chat, and the messages that are drawn there", async () => {
    const { turns, state, say, onMoved } = page();
    say(START);
    const { key, reply } = turns.begin("new-1", null, REQUEST, "one");
    await vi.waitFor(() => expect(state().conversations.get("new-1")).toBe("conv_1"));
    expect(state().places.get("conv_1")).toBe("new-1");
    expect(state().keys.get("q1")).toBe(`${key}-question`);
    expect(state().keys.get("a1")).toBe(`${key}-reply`);
    expect(state().replies.get("a1")).toBe(reply);
    expect(onMoved).toHaveBeenCalledExactlyOnceWith("conv_1");
  });

  it("follows a saved reply once, from where it was read", () => {
    const { turns, state, transport } = page();
    turns.follow("conv_1", RUNNING);
    const followed = state().replies.get("a1");
    turns.follow("conv_1", { ...RUNNING, text: "Some more", cursor: 2 });
    expect(state().replies.get("a1")).toBe(followed);
    expect(transport.resume).toHaveBeenCalledTimes(1);
    expect(transport.resume).toHaveBeenCalledWith("gen_1", 1, expect.anything());
    expect(followed?.getSnapshot().text).toBe("Some");
  });

  it("does not follow a reply twice that was begun here", async () => {
    const { turns, state, transport, say } = page();
    say(START);
    turns.begin("new-1", null, REQUEST, "one");
    await vi.waitFor(() => expect(state().replies.has("a1")).toBe(true));
    turns.follow("conv_1", { ...RUNNING, cursor: 0 });
    expect(transport.resume).not.toHaveBeenCalled();
  });

  it("follows again what was given up and goes on after all", async () => {
    const { turns, state, transport, say } = page();
    say(new Problem(404, "not_found", "Not here."));
    turns.follow("conv_1", RUNNING);
    await state().replies.get("a1")?.ended;
    turns.follow("conv_1", RUNNING);
    expect(transport.resume).toHaveBeenCalledTimes(1);
    turns.follow("conv_1", { ...RUNNING, cursor: 5 });
    expect(transport.resume).toHaveBeenLastCalledWith("gen_1", 5, expect.anything());
  });

  it("keeps a reply until it is saved as ended, and has ended here too", async () => {
    const { turns, state, say } = page();
    say(START, END);
    const { reply } = turns.begin("new-1", null, REQUEST, "one");
    await reply.ended;
    turns.settle("new-1", [RUNNING]);
    expect(state().replies.has("a1")).toBe(true);
    expect(state().turns.get("new-1")).toEqual([]);
    turns.settle("new-1", [{ ...RUNNING, running: false }]);
    expect(state().replies.has("a1")).toBe(false);
  });

  it("tells that a conversation has moved when a reply begins and ends", async () => {
    const { turns, say, onMoved } = page();
    say(START, END);
    await turns.begin("conv_1", null, REQUEST, "one").reply.ended;
    await vi.waitFor(() => expect(onMoved.mock.calls).toEqual([["conv_1"], ["conv_1"]]));
  });

  it("drops what was refused when something else is asked for", async () => {
    const { turns, state, say } = page();
    say(new Problem(429, "rate_limited", "Too many."));
    const refused = turns.begin("conv_1", null, REQUEST, "one");
    await vi.waitFor(() => expect(state().turns.get("conv_1")?.[0]?.isRefused).toBe(true));
    const second = turns.begin("conv_1", null, REQUEST, "two");
    expect(
      state()
        .turns.get("conv_1")
        ?.map(({ key }) => key),
    ).toEqual([second.key]);
    expect([...state().replies.values()]).not.toContain(refused.reply);
  });
});
