import type { Environment } from "../transports/environment";
import { bodyOf, type Delivery, type Piece, piecesUpTo, readsUpTo, type Wait } from "./delivery";
import { enveloped, LAST, pageOf, RESPONSES, type SimulatedLog } from "./simulated-log";
import { simulatedSocket } from "./simulated-socket";

interface SimulatedServerOptions {
  /** The number of bytes of each response before its cut; later responses are complete. */
  readonly cuts?: readonly number[];
  readonly readSize?: number;
  readonly cutBy?: Delivery["cutBy"];
  /** Refusals by the number of the request. */
  readonly refusals?: Readonly<Record<number, Refusal>>;
  /** Waits after the start, which each end with a heartbeat. */
  readonly heartbeats?: readonly Wait[];
  /** Delays the outcome until the generation is cancelled. */
  readonly waitsForCancel?: boolean;
  /** The bytes of responses, instead of those of the log. */
  readonly responses?: readonly (readonly Piece[])[];
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly retryAfter?: number;
}

/** A request, on any transport. */
export type ReceivedRequest =
  | { readonly for: "start"; readonly request: object }
  | { readonly for: "rest"; readonly generation: string; readonly after: number }
  | { readonly for: "cancel"; readonly generation: string };

/**
 * The server side of every transport. It reads its log from the requested cursor and cuts its
 * responses as configured.
 */
export function simulatedServer(log: SimulatedLog, options: SimulatedServerOptions) {
  const received: ReceivedRequest[] = [];
  const pauses: number[] = [];
  const open = new Set<AbortSignal>();
  let cancel = () => {};
  const cancelled = new Promise<void>((resolve) => {
    cancel = resolve;
  });
  const gate = options.waitsForCancel === true ? () => cancelled : undefined;

  const take = (what: ReceivedRequest) => {
    received.push(what);
    const number = received.length - 1;
    return { refusal: options.refusals?.[number], cut: options.cuts?.[number] ?? Infinity, number };
  };
  const piecesFor = (mediaType: string, after: number, number: number): readonly Piece[] => {
    const { heartbeats = [], responses } = options;
    const make = RESPONSES[mediaType];
    if (make === undefined) throw new Error(`nothing is available as ${mediaType}`);
    return responses?.[number] ?? make({ log, after, heartbeats, gate });
  };
  async function* counted(reads: AsyncGenerator<Uint8Array>, signal: AbortSignal) {
    open.add(signal);
    try {
      yield* reads;
    } finally {
      open.delete(signal);
    }
  }
  const delivery = (cut: number, signal: AbortSignal): Delivery => {
    const { cutBy = "end", readSize = 64 } = options;
    return { cut, cutBy, readSize, signal };
  };

  const answer: typeof fetch = async (input, init) => {
    const { what, accept, isPage } = readRequest(String(input), init);
    const { refusal, cut, number } = take(what);
    if (refusal !== undefined) return refused(refusal, accept);
    if (what.for === "cancel") {
      cancel();
      return Response.json({});
    }
    const after = what.for === "rest" ? what.after : 0;
    const pieces = isPage
      ? [encode(JSON.stringify(pageOf(log, after)))]
      : piecesFor(accept, after, number);
    const signal = init?.signal ?? new AbortController().signal;
    const reads = counted(readsUpTo(pieces, delivery(cut, signal)), signal);
    return new Response(bodyOf(reads), { headers: { "Content-Type": accept } });
  };

  async function* sayFrames(message: string, signal: AbortSignal): AsyncGenerator<string> {
    const what = readAction(JSON.parse(message));
    const { refusal, cut, number } = take(what);
    if (refusal !== undefined) {
      const { retryAfter: retry_after, ...problem } = refusal;
      yield JSON.stringify({ event: "problem", ...problem, retry_after });
      return;
    }
    const after = what.for === "rest" ? what.after : 0;
    const pieces = piecesFor("application/x-ndjson", after, number);
    const frames = counted(piecesUpTo(pieces, delivery(cut, signal)), signal);
    for await (const frame of frames) yield new TextDecoder().decode(frame).trimEnd();
  }

  const environment: Environment = {
    fetch: answer,
    openSocket(path) {
      if (path !== "/api/ws") throw new Error(`no socket at ${path}`);
      return simulatedSocket(sayFrames);
    },
    async pause(ms, signal) {
      signal.throwIfAborted();
      pauses.push(ms);
    },
  };
  return {
    environment,
    received,
    /** The pauses between two pages. */
    pauses,
    /** The number of open responses. */
    open,
  };
}

const START = /^\/api\/(chat|conversations\/(?<of>[^/]+)\/messages\/(?<to>[^/]+)\/replies)$/;
const EVENTS = /^\/api\/generations\/(?<generation>[^/]+)\/events(?<wait>\?wait=\d+)?$/;
const METHOD = /^\/headwater\.v1\.ChatService\/(?<name>StreamChat|StreamReply|Follow)$/;
const CANCEL = /^\/api\/generations\/(?<generation>[^/]+)\/cancel$/;

function readRequest(path: string, init: RequestInit = {}) {
  const headers = new Headers(init.headers);
  const accept = headers.get("Accept") ?? headers.get("Content-Type") ?? "";
  const isPage = init.method !== "POST" && accept === "application/json";
  return { what: readWhat(path, headers, init), accept, isPage };
}

function readWhat(path: string, headers: Headers, { method, body }: RequestInit): ReceivedRequest {
  const called = METHOD.exec(path)?.groups?.name;
  if (method === "POST" && called !== undefined) return readCall(called, body);
  const start = START.exec(path);
  if (method === "POST" && start !== null) {
    const { of: conversation, to } = start.groups ?? {};
    const names = to === undefined ? {} : { conversation, to };
    return { for: "start", request: { ...names, ...JSON.parse(String(body)) } };
  }
  const generation = EVENTS.exec(path)?.groups?.generation;
  if (method === undefined && generation !== undefined) {
    const [of, after] = headers.get("Last-Event-ID")?.split(":") ?? [];
    if (of !== generation) throw new Error(`a cursor of ${of} for ${generation}`);
    return { for: "rest", generation, after: Number(after) };
  }
  const cancelled = CANCEL.exec(path)?.groups?.generation;
  if (method === "POST" && cancelled !== undefined) return { for: "cancel", generation: cancelled };
  throw new Error(`nothing is at ${method} ${path}`);
}

function readCall(method: string, body: unknown): ReceivedRequest {
  if (!(body instanceof Uint8Array)) throw new Error("a call without an envelope");
  const message = JSON.parse(new TextDecoder().decode(body.subarray(5)));
  if (method === "Follow") return { for: "rest", ...message };
  if ((method === "StreamReply") !== "to" in message) throw new Error(`${method} of ${body}`);
  return { for: "start", request: message };
}

function readAction({ action, ...message }: Record<string, unknown>): ReceivedRequest {
  if (action === "chat" || action === "reply") return { for: "start", request: message };
  const { generation, after } = message;
  if (action !== "follow") throw new Error(`there is no action ${action}`);
  return { for: "rest", generation: String(generation), after: Number(after) };
}

function refused({ retryAfter, ...problem }: Refusal, accept: string): Response {
  if (accept === "application/connect+json") {
    const error = { code: CODES[problem.status], message: problem.detail };
    const metadata = { "headwater-code": [problem.code], "retry-after": [String(retryAfter)] };
    const end = enveloped({ error, metadata }, LAST);
    return new Response(new Uint8Array(end), { headers: { "Content-Type": accept } });
  }
  const headers = new Headers({ "Content-Type": "application/problem+json" });
  if (retryAfter !== undefined) headers.set("Retry-After", String(retryAfter));
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}

const CODES: Readonly<Record<number, string>> = { 429: "resource_exhausted", 503: "unavailable" };

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
