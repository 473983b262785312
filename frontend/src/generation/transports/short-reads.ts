import type { Arrival, LogPosition, Origin } from "../transport";
import type { Environment } from "./environment";
import { fetchPage, PAUSE_MS } from "./pages";
import sseTransport from "./sse";

/**
 * Reads what a log has already, or the beginning of a request's reply, and then leaves the connection to others. The
 * reply goes on without it.
 *
 * @returns where the next read begins; null if nothing follows
 */
export async function* readShortly(
  origin: Origin,
  signal: AbortSignal,
  environment: Environment,
): AsyncGenerator<Arrival, LogPosition | null> {
  if ("request" in origin) return yield* readStart(origin, signal, environment);
  const { events, isFull, next, outcome } = await fetchPage(origin, 0, signal, environment);
  yield outcome === null ? events : [...events, { kind: "outcome", outcome }];
  if (outcome !== null) return null;
  if (!isFull) await environment.pause(PAUSE_MS, signal);
  return next;
}

async function* readStart(
  origin: Origin,
  signal: AbortSignal,
  environment: Environment,
): AsyncGenerator<Arrival, LogPosition | null> {
  for await (const arrival of sseTransport(environment).read(origin, signal)) {
    yield arrival;
    let next: LogPosition | undefined;
    for (const event of arrival) {
      if (event.kind === "start") next = { ...event.start, cursor: event.cursor };
      else if (event.kind === "outcome") return null;
      else if (next !== undefined) next = { ...next, cursor: event.cursor };
    }
    if (next !== undefined) return next;
  }
  return null;
}
