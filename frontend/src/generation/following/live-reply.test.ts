import { describe, expect, it, vi } from "vitest";
import type { Event } from "../events";
import { type Reply, replyStatus } from "../fold";
import { textOf, textPart } from "../parts";
import { Problem } from "../problem";
import { HELLO } from "../testing/requests";
import { steadyNetwork } from "../testing/steady-network";
import type { Arrival, Origin, Transport } from "../transport";
import { LiveReply } from "./live-reply";

const START: Event = {
  kind: "start",
  cursor: 0,
  start: {
    generation: "gen_1",
    conversation: "conv_1",
    message: "msg_2",
    parent: "msg_1",
    model: "scripted/prose",
  },
};

const word = (cursor: number, text: string): Event => ({
  kind: "part",
  cursor,
  part: textPart(text),
});

const NOTHING = Promise.resolve();

const CANCELLED: Event = {
  kind: "outcome",
  outcome: {
    status: "cancelled",
    by: "user",
    timing: {
      firstTokenMs: 5,
      durationMs: 9,
      tokens: 1,
      tokensPerSecond: null,
      longestGapMs: null,
      serverMs: 1,
      providerMs: 4,
    },
  },
};

/** A reply with arrivals, frames and cancels that the test controls. */
function playground(cancel: Transport["cancel"] = async () => undefined) {
  const arrivals: (Arrival | Error)[] = [];
  let wake = () => {};
  const transport = {
    read: vi.fn((_origin: Origin, signal: AbortSignal) => read(signal)),
    cancel: vi.fn(cancel),
  };
  async function* read(signal: AbortSignal): AsyncGenerator<Arrival> {
    signal.addEventListener("abort", () => wake());
    for (;;) {
      const arrival = arrivals.shift();
      signal.throwIfAborted();
      if (arrival instanceof Error) throw arrival;
      if (arrival !== undefined) yield arrival;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  const frames: (() => void)[] = [];
  const live = new LiveReply(HELLO, {
    transport,
    network: steadyNetwork(),
    nextFrame: (callback) => {
      frames.push(callback);
      return () => undefined;
    },
    now: () => 0,
  });
  const drawn: Reply[] = [];
  live.subscribe(() => drawn.push(live.getSnapshot()));
  return {
    live,
    transport,
    drawn,
    arrive(...what: (Arrival | Error)[]) {
      arrivals.push(...what);
      wake();
    },
    frame() {
      for (const callback of frames.splice(0)) callback();
    },
    until: (is: (reply: Reply) => boolean) =>
      vi.waitFor(() => expect(is(live.getSnapshot())).toBe(true)),
  };
}

describe("LiveReply", () => {
  it("waits from the moment it is sent", () => {
    expect(replyStatus(playground().live.getSnapshot())).toBe("waiting");
  });

  it("tells its listeners once a frame, however much arrived", async () => {
    const { arrive, until, frame, drawn } = playground();
    arrive([START], [word(1, "one")], [word(2, " two"), word(3, " three")]);
    await until((reply) => reply.cursor === 3);
    expect(drawn).toHaveLength(0);
    frame();
    expect(drawn.map((reply) => textOf(reply.parts))).toEqual(["one two three"]);
    frame();
    expect(drawn).toHaveLength(1);
  });

  it("is not over when it is stopped, but when its log says so", async () => {
    const { live, arrive, until, transport } = playground();
    arrive([START, word(1, "one")]);
    await until((reply) => reply.cursor === 1);
    live.stop();
    live.stop();
    expect(transport.cancel).toHaveBeenCalledExactlyOnceWith("gen_1");
    expect(live.getSnapshot().ending).toBeNull();
    arrive([word(2, " two"), CANCELLED]);
    await live.ended;
    expect(live.getSnapshot()).toMatchObject({
      parts: [{ type: "text", text: "one two" }],
      ending: { status: "cancelled" },
    });
  });

  it("is stopped before its start has been answered", async () => {
    const { live, arrive, until, transport } = playground();
    live.stop();
    expect(transport.cancel).toHaveBeenCalledExactlyOnceWith("gen_1");
    arrive([START]);
    await until((reply) => reply.start !== null);
    expect(transport.cancel).toHaveBeenCalledOnce();
    expect(live.getSnapshot().ending).toBeNull();
    arrive([CANCELLED]);
    await live.ended;
  });

  it("is stopped again once it has started, where the first try overtook the start", async () => {
    const answers = [Promise.reject(new Problem(404, "not_found", "No such generation."))];
    const { live, arrive, until, transport } = playground(() => answers.shift() ?? NOTHING);
    live.stop();
    await vi.waitFor(() => expect(answers).toHaveLength(0));
    expect(live.getSnapshot().ending).toBeNull();
    arrive([START]);
    await until((reply) => reply.start !== null);
    await vi.waitFor(() => expect(transport.cancel.mock.calls).toEqual([["gen_1"], ["gen_1"]]));
    expect(live.getSnapshot().ending).toBeNull();
  });

  it("is not sent again once it has been stopped", async () => {
    const { live, arrive, transport } = playground(async () => {
      throw new Problem(404, "not_found", "No such generation.");
    });
    live.stop();
    arrive(new TypeError("Failed to fetch"));
    await live.ended;
    expect(transport.read).toHaveBeenCalledOnce();
    expect(live.getSnapshot().ending).toMatchObject({ status: "cancelled" });
  });

  it("stops here when no server can be told", async () => {
    const { live, arrive, until, transport } = playground(async () => {
      throw new TypeError("Failed to fetch");
    });
    arrive([START, word(1, "one")]);
    await until((reply) => reply.cursor === 1);
    live.stop();
    await live.ended;
    expect(transport.cancel).toHaveBeenCalledTimes(3);
    expect(live.getSnapshot()).toMatchObject({
      parts: [{ type: "text", text: "one" }],
      ending: { status: "cancelled" },
    });
  });

  it("keeps what it has when it is stopped while it reconnects", async () => {
    const { live, arrive } = playground();
    arrive(new TypeError("Failed to fetch"));
    live.stop();
    await live.ended;
    expect(live.getSnapshot().ending).toMatchObject({ status: "cancelled", by: "user" });
  });

  it("says that it was refused", async () => {
    const { live, arrive } = playground();
    arrive(new Problem(413, "too_large", "This message is too long."));
    await live.ended;
    expect(live.getSnapshot().ending).toMatchObject({ status: "refused" });
    expect(replyStatus(live.getSnapshot())).toBe("failed");
  });
});
