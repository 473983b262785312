import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { emptyReply, fold, type Reply, resumedReply } from "./fold";
import { follow, type Step } from "./following/follow";
import { LiveReply } from "./following/live-reply";
import { partsOf, textOf } from "./parts";
import { silence } from "./testing/delivery";
import { EVERY_TRANSPORT } from "./testing/every-transport";
import { ANOTHER_REPLY, HELLO } from "./testing/requests";
import { lengthThrough, loggedText, type SimulatedLog } from "./testing/simulated-log";
import { simulatedServer } from "./testing/simulated-server";
import { steadyNetwork } from "./testing/steady-network";
import type { Origin, Transport } from "./transport";
import { TRANSPORTS, type TransportKey } from "./transports/table";

const START = {
  generation: "gen_1",
  conversation: "conv_1",
  message: "msg_2",
  parent: "msg_1",
  model: "scripted/prose",
};

const ASKED: Origin = { request: HELLO };

function logOf(...texts: string[]): SimulatedLog {
  return {
    start: START,
    events: texts.map((text) => ({ type: "text" as const, text })),
    outcome: { status: "completed", reason: "stop" },
  };
}

const ABCDE = logOf("a", "b", "c", "d", "e");

interface Run {
  readonly origin?: Origin;
  readonly network?: ReturnType<typeof steadyNetwork>;
  readonly signal?: AbortSignal;
  readonly from?: Reply;
}

function steps(transport: Transport, run: Run = {}): AsyncGenerator<Step> {
  return follow({
    transport,
    origin: run.origin ?? ASKED,
    signal: run.signal ?? new AbortController().signal,
    network: run.network ?? steadyNetwork(),
  });
}

async function read(transport: Transport, run: Run = {}) {
  let reply = run.from ?? emptyReply(0);
  const kinds: Step["kind"][] = [];
  for await (const step of steps(transport, run)) {
    kinds.push(step.kind);
    reply = fold(reply, step, 0);
  }
  return { reply, kinds };
}

const MEDIA_TYPES: Readonly<Record<TransportKey, string>> = {
  sse: "text/event-stream",
  ndjson: "application/x-ndjson",
  websocket: "application/x-ndjson",
  connect: "application/connect+json",
  json: "application/json",
};

const BUSY = { status: 503, code: "overloaded", detail: "too many replies", retryAfter: 3 };

afterEach(() => void vi.useRealTimers());

describe.each(EVERY_TRANSPORT)("a reply over %s", (name, make) => {
  const { streams } = TRANSPORTS[name];
  /** The length of a response through its start and, if it streams, one event. */
  const oneEvent = lengthThrough(MEDIA_TYPES[name], ABCDE, streams ? 1 : 0);
  const seen = streams ? 1 : 0;

  it("has every event once, whatever is cut, however it arrives", async () => {
    const event = fc.record({
      type: fc.constantFrom("text" as const, "reasoning" as const),
      text: fc.string({ unit: "binary", minLength: 1, maxLength: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 12 }),
        fc.array(fc.nat({ max: 900 }), { maxLength: 4 }),
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom("end" as const, "error" as const),
        async (events, cuts, readSize, cutBy) => {
          const log = { ...logOf(), events };
          const server = simulatedServer(log, { cuts, readSize, cutBy });
          const { reply } = await read(make(server.environment));
          expect(textOf(reply.parts)).toBe(loggedText(log, "text"));
          expect(textOf(reply.parts, "reasoning")).toBe(loggedText(log, "reasoning"));
          expect(reply.ending?.status).toBe("completed");
        },
      ),
      { numRuns: 100 },
    );
  });

  it("is whole when it is found in the middle, wherever that is and whatever is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 5 }),
        fc.array(fc.nat({ max: 400 }), { maxLength: 3 }),
        async (cursor, cuts) => {
          const server = simulatedServer(ABCDE, { cuts });
          const text = "abcde".slice(0, cursor);
          const from = resumedReply({ start: START, parts: partsOf({ text }), cursor }, 0);
          const origin = { generation: "gen_1", cursor };
          const { reply } = await read(make(server.environment), { origin, from });
          expect(textOf(reply.parts)).toBe("abcde");
          expect(reply.ending?.status).toBe("completed");
          expect(server.received[0]).toEqual({ for: "rest", generation: "gen_1", after: cursor });
        },
      ),
    );
  });

  it("is asked for again with the same ids when it was cut before it started", async () => {
    const server = simulatedServer(ABCDE, { cuts: [10] });
    await read(make(server.environment));
    const start = { for: "start", request: HELLO };
    expect(server.received).toEqual([start, start]);
  });

  it("goes on after the last event that came", async () => {
    const server = simulatedServer(ABCDE, { cuts: [oneEvent] });
    const { reply, kinds } = await read(make(server.environment));
    expect(reply).toMatchObject({ parts: [{ type: "text", text: "abcde" }], lostAt: null });
    expect(kinds).toEqual(expect.arrayContaining(["reconnecting", "reconnected"]));
    expect(server.received[1]).toEqual({ for: "rest", generation: "gen_1", after: seen });
  });

  it("may be another one to a message that the server has", async () => {
    const server = simulatedServer(ABCDE, {});
    const request = ANOTHER_REPLY;
    const { reply } = await read(make(server.environment), { origin: { request } });
    expect(textOf(reply.parts)).toBe("abcde");
    expect(server.received).toEqual([{ for: "start", request }]);
  });

  it("is refused in the server's words, with when to come back", async () => {
    const server = simulatedServer(ABCDE, { refusals: { 0: { ...BUSY, retryAfter: 12 } } });
    await expect(read(make(server.environment))).rejects.toMatchObject({
      name: "Problem",
      status: 503,
      code: "overloaded",
      retryAfter: 12,
      message: expect.stringContaining("Too many replies."),
    });
  });

  it("waits as long as a busy server asks it to, then goes on", async () => {
    const server = simulatedServer(ABCDE, { cuts: [oneEvent], refusals: { 1: BUSY } });
    const network = steadyNetwork();
    const { reply } = await read(make(server.environment), { network });
    expect(textOf(reply.parts)).toBe("abcde");
    expect(network.pauses[1]).toBe(3000);
  });

  it("is stopped at the server, and ends as its log says", async () => {
    const cancelled = { ...ABCDE, outcome: { status: "cancelled", by: "user" } };
    const server = simulatedServer(cancelled, { waitsForCancel: true });
    const transport = make(server.environment);
    const live = new LiveReply(HELLO, {
      transport,
      network: steadyNetwork(),
      nextFrame: () => () => undefined,
      now: () => 0,
    });
    await live.started;
    live.stop();
    await live.ended;
    expect(live.getSnapshot()).toMatchObject({
      parts: [{ type: "text", text: "abcde" }],
      ending: { status: "cancelled", by: "user" },
    });
    expect(server.received.at(-1)).toEqual({ for: "cancel", generation: "gen_1" });
  });

  it("is waited for while the server shows that it is alive", async () => {
    vi.useFakeTimers();
    const heartbeats = Array.from({ length: 6 }, () => silence(10_000));
    const reading = read(make(simulatedServer(ABCDE, { heartbeats }).environment));
    await vi.advanceTimersByTimeAsync(60_000);
    const { reply, kinds } = await reading;
    expect(textOf(reply.parts)).toBe("abcde");
    expect(kinds).not.toContain("reconnecting");
  });

  it("is asked for anew when nothing has been heard for 25 seconds", async () => {
    vi.useFakeTimers();
    const server = simulatedServer(ABCDE, { cuts: [oneEvent], cutBy: "silence" });
    const reading = read(make(server.environment));
    await vi.advanceTimersByTimeAsync(24_000);
    expect(server.received).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_000);
    const { reply, kinds } = await reading;
    expect(textOf(reply.parts)).toBe("abcde");
    expect(kinds).toContain("reconnecting");
  });

  it("is let go when its reader leaves", async () => {
    const leave = new AbortController();
    const server = simulatedServer(ABCDE, { cuts: [oneEvent], cutBy: "silence" });
    const reading = read(make(server.environment), { signal: leave.signal });
    await vi.waitFor(() => expect(server.open.size).toBe(1));
    leave.abort(new Error("left"));
    await expect(reading).rejects.toThrow("left");
    await vi.waitFor(() => expect(server.open.size).toBe(0));
  });

  it("is let go when it has ended", async () => {
    const server = simulatedServer(ABCDE, {});
    await read(make(server.environment));
    await vi.waitFor(() => expect(server.open.size).toBe(0));
  });
});
