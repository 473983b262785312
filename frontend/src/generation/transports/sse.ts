import { createParser } from "eventsource-parser";
import { decodeEvent } from "../decode";
import type { Event } from "../events";
import { readProblem } from "../problem";
import type { Arrival, StartRequest, Transport } from "../transport";

/** Server-sent events over fetch: unlike EventSource it can POST, and it sees a refusal's body. */
export function sseTransport(ask: typeof fetch = (...args) => fetch(...args)): Transport {
  async function* read(path: string, init: RequestInit): AsyncGenerator<Arrival> {
    const response = await ask(path, { ...init, credentials: "same-origin", cache: "no-store" });
    if (!response.ok) throw await readProblem(response);
    if (response.body !== null) yield* readEvents(response.body);
  }

  return {
    start(request, key, signal) {
      const { path, body } = addressOf(request);
      return read(path, {
        method: "POST",
        headers: {
          Accept: "text/event-stream",
          "Content-Type": "application/json",
          "Idempotency-Key": key,
        },
        body: JSON.stringify(body),
        signal,
      });
    },
    resume(generation, after, signal) {
      return read(`/api/generations/${encodeURIComponent(generation)}/events`, {
        headers: { Accept: "text/event-stream", "Last-Event-ID": `${generation}:${after}` },
        signal,
      });
    },
    async cancel(generation) {
      const path = `/api/generations/${encodeURIComponent(generation)}/cancel`;
      const response = await ask(path, { method: "POST", credentials: "same-origin" });
      if (!response.ok) throw await readProblem(response);
    },
  };
}

function addressOf(request: StartRequest): { path: string; body: object } {
  if (!("to" in request)) return { path: "/api/chat", body: request };
  const { conversation, to, ...body } = request;
  const [of, message] = [conversation, to].map(encodeURIComponent);
  return { path: `/api/conversations/${of}/messages/${message}/replies`, body };
}

/**
 * Turns the bytes of a response into events, one arrival for each network read, whatever the reads
 * cut in two. An event that the response ends in the middle of is not delivered.
 *
 * @throws MalformedEvent
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<Arrival> {
  let arrived: Event[] = [];
  const decoder = new TextDecoder();
  const parser = createParser({
    onEvent({ event: name, id, data }) {
      const event = decodeEvent(name, id, data);
      if (event !== undefined) arrived.push(event);
    },
  });
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      yield arrived;
      arrived = [];
    }
  } finally {
    await reader.cancel();
  }
}
