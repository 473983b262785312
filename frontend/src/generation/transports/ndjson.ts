import { readEvent } from "../decode";
import { parse } from "../members";
import type { Arrival, Transport } from "../transport";
import { streamedOverHttp } from "./http";
import { browserWays } from "./ways";

/** One JSON object a line. */
export function ndjsonTransport(ways = browserWays): Transport {
  return streamedOverHttp("application/x-ndjson", readLines, ways);
}

/** A line that the response ends in the middle of is not delivered. */
async function* readLines(texts: AsyncIterable<string>): AsyncGenerator<Arrival> {
  let begun = "";
  for await (const text of texts) {
    const lines = (begun + text).split("\n");
    begun = lines.pop() ?? "";
    yield lines.flatMap((line) => readEvent(parse(line)) ?? []);
  }
}
