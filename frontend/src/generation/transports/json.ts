import { readEvent, readOutcome, readStart, readWhole } from "../decode";
import type { Cursor, Event, Outcome } from "../events";
import { isMembers, MalformedEvent, type Members, parse } from "../members";
import { addPart, lengthOf, type Part } from "../parts";
import type { Arrival, Transport } from "../transport";
import { browserEnvironment, type Environment } from "./environment";
import { ask, cancelOverHttp, cursorHeader, pathOf, startOverHttp } from "./http";

const JSON_TYPE = "application/json";

/** For how long the server may hold a page back, in seconds: as long as elsewhere between signs of life. */
const HELD_S = 10;

/** Between two pages of a log that grows: more often would only be streaming at a higher price. */
const PAUSE_MS = 1_000;

/** A page with as many characters was full: what comes behind it is there already. */
const FULL_PAGE = 4_000;

/**
 * The non-streaming mode: a reply is shown when all of it is there, which comes as one JSON object. Where
 * that was cut, or the reply ran already, the page asks now and then for what the log has more.
 */
export function jsonTransport(environment = browserEnvironment): Transport {
  return {
    start: (request, signal) => readReply(startOverHttp(JSON_TYPE, request, signal, environment)),
    resume: (generation, after, signal) => collect(generation, after, signal, environment),
    cancel: (generation) => cancelOverHttp(generation, environment),
  };
}

/** The names come at once, then spaces while the reply runs, then the rest of the object. */
async function* readReply(texts: AsyncIterable<string>): AsyncGenerator<Arrival> {
  let received = "";
  let start: Event | undefined;
  for await (const text of texts) {
    received += text;
    const isNamed = start !== undefined;
    start ??= startIn(received);
    yield start === undefined || isNamed ? [] : [start];
  }
  const whole = readWhole(parse(received));
  yield start === undefined ? whole : whole.slice(1);
}

/** The names in the beginning of the object, if nothing but them has been said. */
function startIn(received: string): Event | undefined {
  try {
    return { kind: "start", cursor: 0, start: readStart(parse(`${received}}`)) };
  } catch (error) {
    if (error instanceof MalformedEvent) return undefined;
    throw error;
  }
}

/** Reads the rest of a log page by page and delivers it when its outcome is there. */
async function* collect(
  generation: string,
  after: Cursor,
  signal: AbortSignal,
  environment: Environment,
): AsyncGenerator<Arrival> {
  let parts: readonly Part[] = [];
  let cursor = after;
  for (let heldS = 0; ; heldS = HELD_S) {
    const response = await ask(environment, `${pathOf(generation)}/events?wait=${heldS}`, {
      headers: { Accept: JSON_TYPE, ...cursorHeader(generation, cursor) },
      signal,
    });
    const page = readPage(parse(await response.text()));
    parts = page.parts.reduce(addPart, parts);
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

interface EventPage {
  readonly parts: readonly Part[];
  readonly cursor: Cursor;
  readonly outcome: Outcome | null;
}

function readPage({ events, cursor, outcome }: Members): EventPage {
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
