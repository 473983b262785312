import { describe, expect, it } from "vitest";
import { readOutcome } from "./decode";
import type { Event } from "./events";
import { emptyReply, fold, type Reply } from "./fold";
import { follow } from "./follow";
import { type GoldenLog, goldenLogs } from "./testing/golden-log";
import { deliver, simulatedServer } from "./testing/simulated-server";
import { steadyNetwork } from "./testing/steady-network";
import { readEvents, sseTransport } from "./transports/sse";

/** The reply of bytes that arrive in two reads. */
async function readInTwo(bytes: Uint8Array, cutAt: number): Promise<Reply> {
  const reads = [bytes.slice(0, cutAt), bytes.slice(cutAt)];
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const read of reads) controller.enqueue(read);
      controller.close();
    },
  });
  return foldAll(readEvents(body));
}

async function foldAll(arrivals: AsyncIterable<readonly Event[]>): Promise<Reply> {
  let reply = emptyReply(0);
  for await (const arrival of arrivals) {
    for (const event of arrival) reply = fold(reply, event, 0);
  }
  return reply;
}

function expectWhole(reply: Reply, log: GoldenLog) {
  expect(reply.text).toBe(log.text);
  expect(reply.reasoning).toBe(log.reasoning);
  expect(reply.ending).toEqual(readOutcome(log.outcome));
  expect(reply.start).toEqual(log.start);
}

const lastCursor = (log: GoldenLog) =>
  log.events.length === log.after ? 0 : (log.pages.at(-1) ?? 0);

describe.each(goldenLogs().map((log) => [log.name, log] as const))("golden log %s", (_, log) => {
  it("is read the same wherever a network read ends", async () => {
    for (let cutAt = 0; cutAt <= log.sse.length; cutAt += 1) {
      const reply = await readInTwo(log.sse, cutAt);
      expectWhole(reply, log);
      expect(reply.cursor).toBe(lastCursor(log));
    }
  });

  it.each(["end", "error"] as const)(
    "is whole, once, wherever the connection is cut by an %s",
    async (cutBy) => {
      for (let cut = 0; cut < log.sse.length; cut += 1) {
        const server = simulatedServer(log, { cuts: [] });
        const ask: typeof fetch = (path, init) =>
          server.asked.length === 0 && log.after === 0
            ? server.fetch(path, init).then(() => new Response(deliver(log.sse, cut, { cutBy })))
            : server.fetch(path, init);
        let reply = emptyReply(0);
        const steps = follow({
          transport: sseTransport(ask),
          request: { message: "hello" },
          key: "key",
          signal: new AbortController().signal,
          network: steadyNetwork(),
        });
        for await (const step of steps) reply = fold(reply, step, 0);
        expectWhole(reply, log);
        expect(reply.cursor).toBe(log.events.length);
      }
    },
  );
});
