import { describe, expect, it } from "vitest";
import { emptyReply, fold, type Reply } from "../fold";
import { textOf } from "../parts";
import { Problem } from "../problem";
import { HELLO } from "../testing/requests";
import { lengthThrough, type SimulatedLog } from "../testing/simulated-log";
import { simulatedServer } from "../testing/simulated-server";
import { steadyNetwork } from "../testing/steady-network";
import { browserEnvironment } from "../transports/environment";
import sseTransport from "../transports/sse";
import { follow, type Step } from "./follow";
import type { Network } from "./network";

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
}

function steps({ ask, network = steadyNetwork() }: Run): AsyncGenerator<Step> {
  return follow({
    transport: sseTransport({ ...browserEnvironment, fetch: ask }),
    origin: { request: HELLO },
    signal: new AbortController().signal,
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

/** Answers each request with the next of these, and later ones with the last. */
function answering(...answers: (typeof fetch)[]): typeof fetch {
  let count = 0;
  return (input, init) => {
    const answer = answers[Math.min(count, answers.length - 1)] as typeof fetch;
    count += 1;
    return answer(input, init);
  };
}

describe("follow", () => {
  it("ignores an event that it has seen before", async () => {
    const twice = `id: gen_1:0\nevent: start\ndata: ${JSON.stringify(START)}\n\n${'id: gen_1:1\ndata: {"token":"once"}\n\n'.repeat(2)}id: gen_1:end\nevent: outcome\ndata: {"status":"completed"}\n\n`;
    const { reply } = await run({ ask: async () => new Response(twice) });
    expect(textOf(reply.parts)).toBe("once");
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
    const { reply } = await run({ ask: answering(damaged, server.environment.fetch) });
    expect(textOf(reply.parts)).toBe("ab");
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
    const server = simulatedServer(AB, { cuts: [lengthThrough("text/event-stream", AB, 1)] });
    const { reply } = await run({ ask: answering(server.environment.fetch, refusing(404)) });
    expect(textOf(reply.parts)).toBe("a");
    expect(reply.ending).toMatchObject({ status: "failed", code: "gone", retryable: true });
  });

  it("is not hurried by a busy server that names no time to wait", async () => {
    const server = simulatedServer(AB, { cuts: [lengthThrough("text/event-stream", AB, 1)] });
    const network = steadyNetwork();
    const busy = refusing(503, {}, { "Retry-After": "0" });
    await run({
      ask: answering(server.environment.fetch, busy, server.environment.fetch),
      network,
    });
    expect(network.pauses[1]).toBeGreaterThan(100);
  });

  it("gives up a reply that it cannot read on for a long time", async () => {
    const server = simulatedServer(AB, { cuts: [lengthThrough("text/event-stream", AB, 1)] });
    const { reply } = await run({ ask: answering(server.environment.fetch, refusing(502)) });
    expect(reply.ending).toMatchObject({ status: "failed", code: "disconnected" });
  });

  it("does not count tries while the browser is offline", async () => {
    const server = simulatedServer(AB, { cuts: [lengthThrough("text/event-stream", AB, 1)] });
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
      network.online
        ? server.environment.fetch(input, init)
        : Promise.reject(new TypeError("offline"));
    const { reply } = await run({ ask: answering(server.environment.fetch, away), network });
    expect(textOf(reply.parts)).toBe("ab");
  });
});
