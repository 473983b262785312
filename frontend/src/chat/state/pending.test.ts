// @vitest-environment jsdom
import { describe, expect, it, vi } from "vitest";
import type { Event } from "../../generation/events";
import { NO_TIMING } from "../../generation/events";
import { textOf, textPart } from "../../generation/parts";
import { Problem } from "../../generation/problem";
import type { Arrival, StartRequest, Transport } from "../../generation/transport";
import { message } from "../testing/message";
import { PendingExchanges } from "./pending";

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

/** The exchanges of a page, with replies that the test controls. */
function page() {
  const queue: (Event | Error)[][] = [];
  const read = async function* (): AsyncGenerator<Arrival> {
    for (const event of queue.shift() ?? []) {
      if (event instanceof Error) throw event;
      yield [event];
    }
    await new Promise(() => undefined);
  };
  const transport = {
    read: vi.fn<Transport["read"]>(read),
    cancel: vi.fn(async () => undefined),
  } satisfies Transport;
  const onChange = vi.fn();
  const onCollected = vi.fn();
  const pending = new PendingExchanges({ transport, onChange, onCollected });
  const state = () => pending.getSnapshot();
  return {
    pending,
    state,
    transport,
    onChange,
    onCollected,
    say: (...events: (Event | Error)[]) => queue.push(events),
  };
}

const from = (cursor: number) => ({ generation: "gen_1", cursor });

const REQUEST: StartRequest = {
  message: "one",
  ids: { conversation: "conv_1", message: "q1", reply: "a1", generation: "gen_1" },
};
const NEXT: StartRequest = {
  message: "two",
  conversation: "conv_1",
  ids: { message: "q2", reply: "a2", generation: "gen_2" },
};

describe("PendingExchanges", () => {
  it("knows how long was waited for a reply that is dropped the moment it has ended", async () => {
    const { pending, transport } = page();
    transport.read.mockImplementation(async function* () {
      try {
        yield [
          START,
          { kind: "part", cursor: 1, part: textPart("all of it") },
          END,
        ] satisfies Event[];
      } finally {
        // The conversation is read before the response ends.
        await new Promise(() => undefined);
      }
    });
    const { reply } = pending.begin(REQUEST);
    await new Promise<void>((settled) => {
      reply.subscribe(() => reply.getSnapshot().ending !== null && settled());
    });
    const waitedMs = pending.waitedMs("a1");
    expect(waitedMs).toBeGreaterThan(0);
    pending.settle("conv_1", [{ ...RUNNING, running: false }]);
    expect(pending.getSnapshot().replies.has("a1")).toBe(false);
    expect(pending.waitedMs("a1")).toBe(waitedMs);
    expect(pending.waitedMs("a2")).toBeNull();
  });

  it("tells once that replies are collected on their way", async () => {
    const { pending, say, onChange, onCollected } = page();
    const timing = { ...NO_TIMING, firstTokenMs: 10, durationMs: 5000, longestGapMs: 20 };
    const text: Event = { kind: "part", cursor: 1, part: textPart("all of it") };
    const late: Event = {
      kind: "outcome",
      outcome: { status: "completed", reason: "stop", timing },
    };
    say(START, text, late);
    say(START, text, late);
    await pending.begin(REQUEST).reply.ended;
    await pending.begin(NEXT).reply.ended;
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(4));
    expect(onCollected).toHaveBeenCalledOnce();
  });

  it("tells when the server has started a reply, which kept its ids from the beginning", async () => {
    const { pending, state, say, onChange } = page();
    say(START);
    const { reply } = pending.begin(REQUEST);
    const here = () => state().exchanges.get("conv_1");
    expect(here()).toMatchObject([{ state: "sent" }]);
    expect(state().replies.get("a1")).toBe(reply);
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledExactlyOnceWith("conv_1"));
    expect(here()).toMatchObject([{ state: "started" }]);
    expect(state().replies.get("a1")).toBe(reply);
  });

  it("follows a saved reply once, from where it was read", () => {
    const { pending, state, transport } = page();
    pending.follow("conv_1", RUNNING);
    const followed = state().replies.get("a1");
    pending.follow("conv_1", { ...RUNNING, text: "Some more", cursor: 2 });
    expect(state().replies.get("a1")).toBe(followed);
    expect(transport.read).toHaveBeenCalledExactlyOnceWith(from(1), expect.anything());
    expect(textOf(followed?.getSnapshot().parts ?? [])).toBe("Some");
  });

  it("does not follow a reply twice that was begun here", async () => {
    const { pending, state, transport, say } = page();
    say(START);
    pending.begin(REQUEST);
    await vi.waitFor(() => expect(state().replies.has("a1")).toBe(true));
    pending.follow("conv_1", { ...RUNNING, cursor: 0 });
    expect(transport.read).toHaveBeenCalledExactlyOnceWith({ request: REQUEST }, expect.anything());
  });

  it("follows again what was given up and goes on after all", async () => {
    const { pending, state, transport, say } = page();
    say(new Problem(404, "not_found", "Not here."));
    pending.follow("conv_1", RUNNING);
    await state().replies.get("a1")?.ended;
    pending.follow("conv_1", RUNNING);
    expect(transport.read).toHaveBeenCalledTimes(1);
    pending.follow("conv_1", { ...RUNNING, cursor: 5 });
    expect(transport.read).toHaveBeenLastCalledWith(from(5), expect.anything());
  });

  it("follows a reply whose start got no answer, once the server says that it runs", async () => {
    const { pending, state, transport, say } = page();
    say(new Problem(503, "unreachable", "No answer."));
    const lost = pending.begin(REQUEST);
    await lost.reply.ended;
    pending.follow("conv_1", { ...RUNNING, text: "", cursor: 0 });
    expect(transport.read).toHaveBeenLastCalledWith(from(0), expect.anything());
    expect(state().replies.get("a1")).not.toBe(lost.reply);
  });

  it("keeps a reply until it is saved as ended, and has ended here too", async () => {
    const { pending, state, say } = page();
    say(START, END);
    const { reply } = pending.begin(REQUEST);
    await reply.ended;
    pending.settle("conv_1", [RUNNING]);
    expect(state().replies.has("a1")).toBe(true);
    expect(state().exchanges.get("conv_1")).toEqual([]);
    pending.settle("conv_1", [{ ...RUNNING, running: false }]);
    expect(state().replies.has("a1")).toBe(false);
  });

  it("tells that a conversation has moved when a reply begins and ends", async () => {
    const { pending, say, onChange } = page();
    say(START, END);
    await pending.begin(REQUEST).reply.ended;
    await vi.waitFor(() => expect(onChange.mock.calls).toEqual([["conv_1"], ["conv_1"]]));
  });

  it("drops what was refused when something else is asked for", async () => {
    const { pending, state, say } = page();
    say(new Problem(429, "rate_limited", "Too many."));
    const refused = pending.begin(REQUEST);
    await vi.waitFor(() => expect(state().exchanges.get("conv_1")?.[0]?.state).toBe("unaccepted"));
    const second = pending.begin(NEXT);
    expect(
      state()
        .exchanges.get("conv_1")
        ?.map(({ request }) => request),
    ).toEqual([second.request]);
    expect([...state().replies.values()]).not.toContain(refused.reply);
  });
});
