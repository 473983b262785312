import { readEvent } from "../decode";
import type { Event } from "../events";
import { isMembers, type Members, parse } from "../members";
import { problemFrom, readProblem, readRetryAfter } from "../problem";
import { type Arrival, type Transport, TransportBlocked } from "../transport";
import { envelope, readEnvelopes } from "./envelopes";
import { browserEnvironment, type Environment } from "./environment";
import { cancelOverHttp, readsOf } from "./http";

const MEDIA_TYPE = "application/connect+json";

/**
 * Connect, gRPC's protocol for browsers: messages of `headwater.v1.ChatService` as JSON, in envelopes over
 * fetch. It is read here, because the official client is 28 times as large (decision 12).
 */
export function connectTransport(environment = browserEnvironment): Transport {
  return {
    start: (request, signal) =>
      call("to" in request ? "StreamReply" : "StreamChat", request, signal, environment),
    resume: (generation, after, signal) =>
      call("Follow", { generation, after }, signal, environment),
    cancel: (generation) => cancelOverHttp(generation, environment),
  };
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

/** Connect says all that it refuses in the stream: another answer comes from somebody on the way. */
async function notConnect(response: Response): Promise<Error> {
  const problem = await readProblem(response);
  return problem.passing ? problem : new TransportBlocked(`the answer was ${response.status}`);
}

/** What a `ChatResponse` says, whose zero and empty members are left out; a sign of life says nothing. */
function readMessage(said: Members): readonly Event[] {
  const { generation, cursor = 0, start, outcome, ...others } = said;
  const events = [
    ...(isMembers(start) ? [{ event: "start", generation, ...start }] : []),
    // A member is named after its event, and is what that says: all of it, or its text.
    ...Object.entries(others).map(([event, value]) =>
      isMembers(value) ? { event, ...value } : { event, token: value },
    ),
    ...(isMembers(outcome) ? [{ event: "outcome", ...withZeros(outcome) }] : []),
  ];
  return events.flatMap((event) => readEvent({ ...event, cursor }) ?? []);
}

function withZeros(outcome: Members): Members {
  const { timing } = outcome;
  return isMembers(timing) ? { ...outcome, timing: { tokens: 0, ...timing } } : outcome;
}

/**
 * The end of a response says what was refused, if anything was.
 *
 * @throws Problem
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

/** What HTTP would say for those of Connect's codes (connectrpc.com/docs/protocol, "Error codes") that are no fault of a server. */
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
