import { createParser } from "eventsource-parser";
import { readEvent } from "../decode";
import type { Event } from "../events";
import { parse } from "../members";
import { kindOfEvent } from "../parts";
import type { Arrival, Transport } from "../transport";
import { browserEnvironment } from "./environment";
import { streamedOverHttp } from "./http";

/** Server-sent events over fetch, which unlike EventSource can send a POST and read the body of a refusal. */
export default function sseTransport(environment = browserEnvironment): Transport {
  return streamedOverHttp("text/event-stream", readEvents, environment);
}

/** An incomplete last event is dropped. */
async function* readEvents(texts: AsyncIterable<string>): AsyncGenerator<Arrival> {
  let arrived: Event[] = [];
  const parser = createParser({
    onEvent({ event: name = "token", id, data }) {
      if (!isKnown(name)) return;
      const event = readEvent({ ...parse(data), event: name, cursor: cursorIn(id) });
      if (event !== undefined) arrived.push(event);
    },
  });
  for await (const text of texts) {
    parser.feed(text);
    yield arrived;
    arrived = [];
  }
}

/** The data of unknown events may be anything, so it is not parsed. */
function isKnown(name: string): boolean {
  return name === "start" || name === "outcome" || kindOfEvent(name) !== undefined;
}

/** The cursor in `<generation>:<cursor>`. */
function cursorIn(id: string | undefined): number | undefined {
  const digits = /:(\d+)$/.exec(id ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}
