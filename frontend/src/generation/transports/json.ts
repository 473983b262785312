import { readStart, readWhole } from "../decode";
import type { Event } from "../events";
import { MalformedEvent, parse } from "../members";
import type { Part } from "../parts";
import type { Arrival, LogPosition, Transport } from "../transport";
import { browserEnvironment, type Environment } from "./environment";
import { cancelOverHttp, requestOverHttp, textsOf } from "./http";
import { fetchPage, JSON_TYPE, PAUSE_MS } from "./pages";

/** How long the server may delay an empty page, in seconds: the interval of heartbeats elsewhere. */
const WAIT_S = 10;

/**
 * The non-streaming mode: a complete reply arrives as one JSON object. After a cut, or if the reply was running
 * already, the page polls the rest of the log.
 */
export default function jsonTransport(environment = browserEnvironment): Transport {
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
  position: LogPosition,
  signal: AbortSignal,
  environment: Environment,
): AsyncGenerator<Arrival> {
  let parts: readonly Part[] = [];
  for (let waitS = 0; ; waitS = WAIT_S) {
    const page = await fetchPage(position, waitS, signal, environment);
    parts = [...parts, ...page.parts];
    position = page.next;
    if (page.outcome !== null) {
      yield [
        { kind: "rest", cursor: position.cursor, parts },
        { kind: "outcome", outcome: page.outcome },
      ];
      return;
    }
    yield [];
    if (page.parts.length > 0 && !page.isFull) await environment.pause(PAUSE_MS, signal);
  }
}
