import type { GoldenLog } from "./golden-log";

/** What a simulated server says: a log from its beginning. */
export type SimulatedLog = Pick<GoldenLog, "start" | "events" | "outcome">;

interface SimulatedServerOptions {
  /** Bytes that each response has before it is cut; the responses after these are whole. */
  readonly cuts: readonly number[];
  /** Bytes that one network read brings. */
  readonly readSize?: number;
  /** How a response ends that is cut: the connection ends, or it breaks. */
  readonly cutBy?: "end" | "error";
}

/** A request as the server got it. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: unknown;
}

/**
 * The server's side of the wire as a `fetch`: it slices its log from the cursor that it is asked for,
 * and cuts its responses where it is told to.
 */
export function simulatedServer(log: SimulatedLog, options: SimulatedServerOptions) {
  const asked: Asked[] = [];
  const serve: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    const cut = options.cuts[asked.length] ?? Number.POSITIVE_INFINITY;
    const body = typeof init?.body === "string" ? JSON.parse(init.body) : null;
    asked.push({ method: init?.method ?? "GET", path: String(input), headers, body });
    const after = Number(headers.get("Last-Event-ID")?.split(":").at(-1) ?? 0);
    const signal = init?.signal ?? undefined;
    return new Response(deliver(encodeLog(log, after), cut, { ...options, signal }), {
      headers: { "Content-Type": "text/event-stream" },
    });
  };
  return { fetch: serve, asked };
}

interface DeliveryOptions {
  readonly readSize?: number | undefined;
  readonly cutBy?: "end" | "error" | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The bytes in reads of `readSize`, up to where the response is cut. */
export function deliver(
  bytes: Uint8Array,
  cut: number,
  { readSize = 64, cutBy = "end", signal }: DeliveryOptions = {},
): ReadableStream<Uint8Array> {
  const end = Math.min(cut, bytes.length);
  let at = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (signal?.aborted) controller.error(signal.reason);
      else if (at < end) {
        controller.enqueue(bytes.slice(at, Math.min(at + readSize, end)));
        at += readSize;
      } else if (end < bytes.length && cutBy === "error") controller.error(new TypeError("cut"));
      else controller.close();
    },
  });
}

/** How many bytes a response from the start has when it has said this many events. */
export function lengthThrough(log: SimulatedLog, events: number): number {
  return encode(linesOf(log, 0).slice(0, 2 + events)).length;
}

function encodeLog(log: SimulatedLog, after: number): Uint8Array {
  return encode(linesOf(log, after));
}

function linesOf({ start, events, outcome }: SimulatedLog, after: number): readonly string[] {
  const id = start.generation;
  const said = events.slice(after).map(({ type, text }, index) => {
    const name = type === "text" ? "" : "event: reasoning\n";
    return `id: ${id}:${after + index + 1}\n${name}data: ${JSON.stringify({ token: text })}\n\n`;
  });
  return [
    ": headwater\nretry: 1000\n\n",
    `id: ${id}:${after}\nevent: start\ndata: ${JSON.stringify(start)}\n\n`,
    ...said,
    `id: ${id}:end\nevent: outcome\ndata: ${JSON.stringify(outcome)}\n\n`,
  ];
}

function encode(lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.join(""));
}
