import { readEvent } from "../decode";
import type { Event } from "../events";
import { isMembers, type Members, parse } from "../members";
import { problemFrom, readProblem, readRetryAfter } from "../problem";
import { type Arrival, type Origin, type Transport, TransportBlocked } from "../transport";
import { envelope, readEnvelopes } from "./envelopes";
import { browserEnvironment, type Environment } from "./environment";
import { cancelOverHttp, readsOf } from "./http";

const MEDIA_TYPE = "application/connect+json";

/**
 * Connect, gRPC for browsers: the messages of `headwater.v1.ChatService` as JSON in envelopes over fetch. The official
 * client is 28 times as large (decision 12).
 */
export default function connectTransport(environment = browserEnvironment): Transport {
  return {
    read: (origin, signal) => call(...callOf(origin), signal, environment),
    cancel: (generation) => cancelOverHttp(generation, environment),
  };
}

function callOf(origin: Origin): [method: string, message: object] {
  if ("generation" in origin) {
    return ["Follow", { generation: origin.generation, after: origin.cursor }];
  }
  return ["to" in origin.request ? "StreamReply" : "StreamChat", origin.request];
}

async function* call(
  method: string,
  message: object,
  signal: AbortSignal,
  environment: Environment,
): AsyncGenerator<Arrival> {
  const response = await environment.fetch(`/headwater.v1.ChatService/${method}`, {
    method: "POST",
    headers: { "Content-Type": MEDIA_TYPE, "Connect-Protocol-Version": "1" },
    body: envelope(message),
    credentials: "same-origin",
    cache: "no-store",
    signal,
  });
  if (!speaksConnect(response)) throw await notConnect(response);
  for await (const envelopes of readEnvelopes(readsOf(response))) {
    yield envelopes.flatMap(({ isLast, data }) => (isLast ? readEnd : readMessage)(parse(data)));
  }
}

function speaksConnect({ ok, headers }: Response): boolean {
  return ok && headers.get("Content-Type")?.startsWith(MEDIA_TYPE) === true;
}

/** Connect reports refusals in the stream, so any other response comes from a proxy. */
async function notConnect(response: Response): Promise<Error> {
  const problem = await readProblem(response);
  return problem.isTransient ? problem : new TransportBlocked(`the answer was ${response.status}`);
}

/** Reads a `ChatResponse`, from which Connect omits zero and empty members. A heartbeat has no events. */
function readMessage(message: Members): readonly Event[] {
  const { generation, cursor = 0, start, outcome, event, data, ...texts } = message;
  const events = [
    ...(isMembers(start) ? [{ event: "start", generation, ...start }] : []),
    // The first kinds are members by name; any other event is named by `event`.
    ...Object.entries(texts).map(([name, token]) => ({ event: name, token })),
    ...(isMembers(data) ? [{ ...data, event }] : []),
    ...(isMembers(outcome) ? [{ event: "outcome", ...withZeros(outcome) }] : []),
  ];
  return events.flatMap((event) => readEvent({ ...event, cursor }) ?? []);
}

function withZeros(outcome: Members): Members {
  const { timing } = outcome;
  return isMembers(timing) ? { ...outcome, timing: { tokens: 0, ...timing } } : outcome;
}

/**
 * Reads the end of a response.
 *
 * @throws Problem if the server refused
 */
function readEnd({ error, metadata }: Members): readonly Event[] {
  if (!isMembers(error)) return [];
  const trailer = (name: string) => {
    const values = isMembers(metadata) ? metadata[name] : undefined;
    return Array.isArray(values) ? values[0] : undefined;
  };
  throw problemFrom({
    status: STATUSES[String(error.code)] ?? 500,
    code: trailer("headwater-code") ?? error.code,
    detail: error.message,
    field: trailer("headwater-field"),
    retry_after: readRetryAfter(trailer("retry-after") ?? null, Date.now()),
  });
}

/** The HTTP statuses of Connect's codes (connectrpc.com/docs/protocol, "Error codes"); 500 for all others. */
const STATUSES: Readonly<Record<string, number>> = {
  invalid_argument: 400,
  failed_precondition: 409,
  out_of_range: 409,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  already_exists: 409,
  aborted: 409,
  resource_exhausted: 429,
  unavailable: 503,
};
