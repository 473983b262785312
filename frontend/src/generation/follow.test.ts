import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { emptyReply, fold, foundReply, type Reply } from "./fold";
import { follow, type Origin, type Step } from "./follow";
import type { Network } from "./network";
import { Problem } from "./problem";
import { lengthThrough, type SimulatedLog, simulatedServer } from "./testing/simulated-server";
import { steadyNetwork } from "./testing/steady-network";
import { sseTransport } from "./transports/sse";

const START = {
  generation: "gen_1",
  conversation: "conv_1",
  message: "msg_2",
  parent: "msg_1",
  model: "scripted/prose",
};

function logOf(...texts: string[]): SimulatedLog {
  return {
    start: START,
    events: texts.map((text) => ({ type: "text" as const, text })),
    outcome: { status: "completed", reason: "stop" },
  };
}

const AB = logOf("a", "b");

interface Run {
  readonly ask: typeof fetch;
  readonly network?: Network;
  readonly signal?: AbortSignal;
  readonly origin?: Origin;
}

const ASKED: Origin = { request: { message: "hello" }, key: "key-1" };

function steps({
  ask,
  network = steadyNetwork(),
  signal,
  origin = ASKED,
}: Run): AsyncGenerator<Step> {
  return follow({
    transport: sseTransport(ask),
    origin,
    signal: signal ?? new AbortController().signal,
    network,
  });
}

async function run(options: Run): Promise<{ reply: Reply; seen: Step[] }> {
  let reply = emptyReply(0);
  const seen: Step[] = [];
  for await (const step of steps(options)) {
    seen.push(step);
    reply = fold(reply, step, 0);
  }
  return { reply, seen };
}

function refusing(status: number, body: object = {}, headers: Record<string, string> = {}) {
  return async () =>
    new Response(JSON.stringify(body), {
      status,
      headers: { "Content-Type": "application/problem+json", ...headers },
    });
}

/** Answers each request with the next of these, and all further ones with the last. */
function answering(...answers: (typeof fetch)[]): typeof fetch {
  let count = 0;
  return (input, init) => {
    const answer = answers[Math.min(count, answers.length - 1)] as typeof fetch;
    count += 1;
    return answer(input, init);
  };
}

describe("follow", () => {
  it("says every event once, whatever is cut, however it arrives", async () => {
    const event = fc.record({
      type: fc.constantFrom("text" as const, "reasoning" as const),
      text: fc.string({ unit: "binary", minLength: 1, maxLength: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 20 }),
        fc.array(fc.nat({ max: 900 }), { maxLength: 4 }),
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom("end" as const, "error" as const),
        async (events, cuts, readSize, cutBy) => {
          const log = { ...logOf(), events };
          const server = simulatedServer(log, { cuts, readSize, cutBy });
          const { reply } = await run({ ask: server.fetch });
          const said = (type: string) =>
            events
              .filter((event) => event.type === type)
              .map((event) => event.text)
              .join("");
          expect(reply.text).toBe(said("text"));
          expect(reply.reasoning).toBe(said("reasoning"));
          expect(reply.ending?.status).toBe("completed");
        },
      ),
      { numRuns: 200 },
    );
  });

  it("asks for what comes after the last event it saw", async () => {
    const server = simulatedServer(AB, { cuts: [lengthThrough(AB, 1)] });
    const { reply, seen } = await run({ ask: server.fetch });
    expect(reply.text).toBe("ab");
    expect(seen.map((step) => step.kind)).toContain("reconnecting");
    expect(server.asked[1]?.path).toBe("/api/generations/gen_1/events");
    expect(server.asked[1]?.headers.get("Last-Event-ID")).toBe("gen_1:1");
  });

  it("starts again with the same key when it was cut before it had a name", async () => {
    const server = simulatedServer(logOf("a"), { cuts: [10] });
    await run({ ask: server.fetch });
    expect(server.asked.map((request) => request.method)).toEqual(["POST", "POST"]);
    const keys = server.asked.map((request) => request.headers.get("Idempotency-Key"));
    expect(keys).toEqual(["key-1", "key-1"]);
  });

  it("ignores an event that it has seen before", async () => {
    const twice = `id: gen_1:0\nevent: start\ndata: ${JSON.stringify(START)}\n\n${'id: gen_1:1\ndata: {"token":"once"}\n\n'.repeat(2)}id: gen_1:end\nevent: outcome\ndata: {"status":"completed"}\n\n`;
    const { reply } = await run({ ask: async () => new Response(twice) });
    expect(reply.text).toBe("once");
  });

  it("passes over events and members that it does not know", async () => {
    const body = `id: gen_1:0\nevent: start\ndata: ${JSON.stringify({ ...START, mood: "new" })}\n\nevent: weather\ndata: not even JSON\n\nid: gen_1:end\nevent: outcome\ndata: {"status":"vanished"}\n\n`;
    const { reply } = await run({ ask: async () => new Response(body) });
    expect(reply.ending?.status).toBe("interrupted");
  });

  it("reads an event again that was damaged", async () => {
    const damaged = async () =>
      new Response(
        `id: gen_1:0\nevent: start\ndata: ${JSON.stringify(START)}\n\nid: gen_1:1\ndata: {"tok\n\n`,
      );
    const server = simulatedServer(logOf("a", "b"), { cuts: [] });
    const { reply } = await run({ ask: answering(damaged, server.fetch) });
    expect(reply.text).toBe("ab");
  });

  it("throws what the server refuses, with when to come back", async () => {
    const ask = refusing(
      429,
      { code: "rate_limited", title: "Too Many Requests", detail: "too many replies" },
      { "Retry-After": "12" },
    );
    await expect(run({ ask })).rejects.toMatchObject({
      name: "Problem",
      code: "rate_limited",
      message: "Too many replies.",
      retryAfter: 12,
    });
  });

  it("gives up a start that reaches no server", async () => {
    const network = steadyNetwork();
    const ask = async () => {
      throw new TypeError("Failed to fetch");
    };
    await expect(run({ ask, network })).rejects.toBeInstanceOf(Problem);
    expect(network.pauses).toHaveLength(5);
  });

  it("ends as failed when the rest is gone, with what it has", async () => {
    const server = simulatedServer(AB, { cuts: [lengthThrough(AB, 1)] });
    const { reply } = await run({ ask: answering(server.fetch, refusing(404)) });
    expect(reply.text).toBe("a");
    expect(reply.ending).toMatchObject({ status: "failed", code: "gone", retryable: true });
  });

  it("waits as long as a busy server asks it to, then goes on", async () => {
    const server = simulatedServer(AB, { cuts: [lengthThrough(AB, 1)] });
    const network = steadyNetwork();
    const busy = refusing(503, {}, { "Retry-After": "3" });
    const { reply } = await run({ ask: answering(server.fetch, busy, server.fetch), network });
    expect(reply.text).toBe("ab");
    expect(network.pauses[1]).toBe(3000);
  });

  it("is not hurried by a busy server that names no time to wait", async () => {
    const server = simulatedServer(AB, { cuts: [lengthThrough(AB, 1)] });
    const network = steadyNetwork();
    const busy = refusing(503, {}, { "Retry-After": "0" });
    await run({ ask: answering(server.fetch, busy, server.fetch), network });
    expect(network.pauses[1]).toBeGreaterThan(100);
  });

  it("gives up a reply that it cannot read on for a long time", async () => {
    const server = simulatedServer(AB, { cuts: [lengthThrough(AB, 1)] });
    const { reply } = await run({ ask: answering(server.fetch, refusing(502)) });
    expect(reply.ending).toMatchObject({ status: "failed", code: "disconnected" });
  });

  it("does not count tries while the browser is offline", async () => {
    const server = simulatedServer(AB, { cuts: [lengthThrough(AB, 1)] });
    let offlineTries = 30;
    const network: Network = {
      get online() {
        return offlineTries === 0;
      },
      onLost: () => () => undefined,
      onReturn: () => () => undefined,
      pause: async () => {
        if (offlineTries > 0) offlineTries -= 1;
      },
    };
    const away: typeof fetch = (input, init) =>
      network.online ? server.fetch(input, init) : Promise.reject(new TypeError("offline"));
    const { reply } = await run({ ask: answering(server.fetch, away), network });
    expect(reply.text).toBe("ab");
  });

  it("leaves when it is told to", async () => {
    const leave = new AbortController();
    const following = steps({
      ask: simulatedServer(logOf("a", "b"), { cuts: [], readSize: 1 }).fetch,
      signal: leave.signal,
    });
    await following.next();
    leave.abort();
    await expect(following.next()).rejects.toThrow();
  });

  it("is whole when it is found in the middle, wherever that is and whatever is cut", async () => {
    const log = logOf("a", "b", "c", "d", "e");
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: log.events.length }),
        fc.array(fc.nat({ max: 400 }), { maxLength: 4 }),
        async (cursor, cuts) => {
          const server = simulatedServer(log, { cuts });
          const text = "abcde".slice(0, cursor);
          let reply = foundReply({ start: START, text, reasoning: "", cursor }, 0);
          const origin = { generation: "gen_1", cursor };
          for await (const step of steps({ ask: server.fetch, origin })) {
            reply = fold(reply, step, 0);
          }
          expect(reply.text).toBe("abcde");
          expect(reply.ending?.status).toBe("completed");
          expect(server.asked[0]?.method).toBe("GET");
          expect(server.asked[0]?.headers.get("Last-Event-ID")).toBe(`gen_1:${cursor}`);
        },
      ),
    );
  });

  it("asks a message that the server has for another reply", async () => {
    const server = simulatedServer(AB, { cuts: [] });
    const request = { conversation: "conv_1", to: "msg_1", model: "scripted/echo" };
    const { seen } = await run({ ask: server.fetch, origin: { request, key: "key-1" } });
    expect(seen.at(-1)?.kind).toBe("outcome");
    expect(server.asked[0]).toMatchObject({
      method: "POST",
      path: "/api/conversations/conv_1/messages/msg_1/replies",
      body: { model: "scripted/echo" },
    });
  });
});
