import { describe, expect, it } from "vitest";
import { readOutcome } from "./decode";
import { emptyReply, fold, type Reply } from "./fold";
import { follow } from "./follow";
import { type GoldenLog, goldenLogs } from "./testing/golden-log";
import { deliver, lengthThrough, simulatedServer } from "./testing/simulated-server";
import { steadyNetwork } from "./testing/steady-network";
import { readEvents, sseTransport } from "./transports/sse";

/** A reply that has seen the events before the response begins. */
function replyBefore(log: GoldenLog): Reply {
  return log.events.slice(0, log.after).reduce((reply, { type, text }, index) => {
    return fold(reply, { kind: type, cursor: index + 1, text }, 0);
  }, emptyReply(0));
}

/** The reply of bytes that arrive in two reads. */
async function readInTwo(log: GoldenLog, cutAt: number): Promise<Reply> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(log.sse.slice(0, cutAt));
      controller.enqueue(log.sse.slice(cutAt));
      controller.close();
    },
  });
  let reply = replyBefore(log);
  for await (const arrival of readEvents(body)) {
    for (const event of arrival) reply = fold(reply, event, 0);
  }
  return reply;
}

/**
 * The reply of a reader whose golden response is cut. A response that begins in the middle of the log
 * follows another that was cut there.
 */
async function readOverCut(log: GoldenLog, cut: number, cutBy: "end" | "error"): Promise<Reply> {
  const opening = log.after === 0 ? [] : [lengthThrough(log, log.after)];
  const server = simulatedServer(log, { cuts: opening });
  let golden = 0;
  const ask: typeof fetch = (path, init) => {
    if (server.asked.length < opening.length || golden > 0) return server.fetch(path, init);
    golden += 1;
    return Promise.resolve(new Response(deliver(log.sse, cut, { cutBy })));
  };
  let reply = emptyReply(0);
  const steps = follow({
    transport: sseTransport(ask),
    origin: { request: { message: "hello" }, key: "key" },
    signal: new AbortController().signal,
    network: steadyNetwork(),
  });
  for await (const step of steps) reply = fold(reply, step, 0);
  expect(golden).toBe(1);
  return reply;
}

function expectWhole(reply: Reply, log: GoldenLog) {
  expect(reply.text).toBe(log.text);
  expect(reply.reasoning).toBe(log.reasoning);
  expect(reply.ending).toEqual(readOutcome(log.outcome));
  expect(reply.start).toEqual(log.start);
  expect(reply.cursor).toBe(log.events.length);
}

describe.each(goldenLogs().map((log) => [log.name, log] as const))("golden log %s", (_, log) => {
  it("is read the same wherever a network read ends", async () => {
    for (let cutAt = 0; cutAt <= log.sse.length; cutAt += 1) {
      expectWhole(await readInTwo(log, cutAt), log);
    }
  });

  it.each(["end", "error"] as const)(
    "is whole, once, wherever the connection is cut by an %s",
    async (cutBy) => {
      for (let cut = 0; cut < log.sse.length; cut += 1) {
        expectWhole(await readOverCut(log, cut, cutBy), log);
      }
    },
  );
});
