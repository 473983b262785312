import { readEvent } from "../decode";
import { parse } from "../members";
import type { Arrival, Transport } from "../transport";
import { browserEnvironment } from "./environment";
import { streamedOverHttp } from "./http";

export default function ndjsonTransport(environment = browserEnvironment): Transport {
  return streamedOverHttp("application/x-ndjson", readLines, environment);
}

/** An incomplete last line is dropped. */
async function* readLines(texts: AsyncIterable<string>): AsyncGenerator<Arrival> {
  let incomplete = "";
  for await (const text of texts) {
    const lines = (incomplete + text).split("\n");
    incomplete = lines.pop() ?? "";
    yield lines.flatMap((line) => readEvent(parse(line)) ?? []);
  }
}
