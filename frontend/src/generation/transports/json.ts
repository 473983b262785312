import { readEvent, readOutcome, readStart, readWhole } from "../decode";
import type { Event } from "../events";
import { isMembers, MalformedEvent, type Members, parse } from "../members";
import { lengthOf, type Part } from "../parts";
import type { Arrival, LogPosition, Transport } from "../transport";
import { browserEnvironment, type Environment } from "./environment";
import { cancelOverHttp, requestOverHttp, textsOf } from "./http";

const JSON_TYPE = "application/json";

/** How long the server may delay an empty page, in seconds: the interval of heartbeats elsewhere. */
const WAIT_S = 10;

/** The pause between two pages of a growing log. More requests would only be expensive streaming. */
const PAUSE_MS = 1_000;

/** After a page with this many characters, the next one is available at once. */
const FULL_PAGE = 4_000;

/**
 * The non-streaming mode: a complete reply arrives as one JSON object. After a cut, or if the reply was running
 * already, the page polls the rest of the log.
 */
export function jsonTransport(environment = browserEnvironment): Transport {
  return {
    async *read(origin, signal) {
      if ("generation" in origin) return yield* collect(origin, signal, environment);
      yield* readReply(textsOf(await requestOverHttp(JSON_TYPE, origin, signal, environment)));
    },
    cancel: (generation) => cancelOverHttp(generation, environment),
  };
}

/** The server sends the ids at once, then spaces while the reply runs, then the rest of the object. */
async function* readReply(texts: AsyncIterable<string>): AsyncGenerator<Arrival> {
  let received = "";
  let start: Event | undefined;
  for await (const text of texts) {
    received += text;
    const hasStarted = start !== undefined;
    start ??= startIn(received);
    yield start === undefined || hasStarted ? [] : [start];
  }
  const whole = readWhole(parse(received));
  yield start === undefined ? whole : whole.slice(1);
}

/** The start event, if the text so far has the ids and nothing else. */
function startIn(received: string): Event | undefined {
  try {
    return { kind: "start", cursor: 0, start: readStart(parse(`${received}}`)) };
  } catch (error) {
    if (error instanceof MalformedEvent) return undefined;
    throw error;
  }
}

/** Reads the rest of a log page by page and yields it with the outcome. */
async function* collect(
  { generation, cursor }: LogPosition,
  signal: AbortSignal,
  environment: Environment,
): AsyncGenerator<Arrival> {
  let parts: readonly Part[] = [];
  for (let waitS = 0; ; waitS = WAIT_S) {
    const rest = { generation, cursor };
    const query = `?wait=${waitS}`;
    const response = await requestOverHttp(JSON_TYPE, rest, signal, environment, query);
    const page = readPage(parse(await response.text()));
    parts = [...parts, ...page.parts];
    cursor = page.cursor;
    if (page.outcome !== null) {
      yield [
        { kind: "rest", cursor, parts },
        { kind: "outcome", outcome: page.outcome },
      ];
      return;
    }
    yield [];
    const length = lengthOf(page.parts);
    if (length > 0 && length < FULL_PAGE) await environment.pause(PAUSE_MS, signal);
  }
}

function readPage({ events, cursor, outcome }: Members) {
  if (!Array.isArray(events) || typeof cursor !== "number") {
    throw new MalformedEvent("a page without events or without a cursor");
  }
  const read = events.flatMap((event) => (isMembers(event) ? (readEvent(event) ?? []) : []));
  return {
    parts: read.flatMap((event) => (event.kind === "part" ? event.part : [])),
    cursor,
    outcome: isMembers(outcome) ? readOutcome(outcome) : null,
  };
}
