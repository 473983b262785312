import { readEvent, readOutcome } from "../decode";
import type { Event, Outcome } from "../events";
import { isMembers, MalformedEvent, parse } from "../members";
import { lengthOf, type Part } from "../parts";
import type { LogPosition } from "../transport";
import type { Environment } from "./environment";
import { requestOverHttp } from "./http";

export const JSON_TYPE = "application/json";

/** The pause between two pages of a growing log. More requests would only be expensive streaming. */
export const PAUSE_MS = 1_000;

/** After a page with this many characters, the next one is available at once. */
const FULL_PAGE = 4_000;

/** What a log has after a position. */
interface LogPage {
  readonly events: readonly Event[];
  readonly parts: readonly Part[];
  readonly isFull: boolean;
  /** The position after the page. */
  readonly next: LogPosition;
  readonly outcome: Outcome | null;
}

/**
 * Requests one page of a log.
 *
 * @param waitS - how long the server may delay an empty page, in seconds
 * @throws Problem if the server refuses
 */
export async function fetchPage(
  position: LogPosition,
  waitS: number,
  signal: AbortSignal,
  environment: Environment,
): Promise<LogPage> {
  const query = `?wait=${waitS}`;
  const response = await requestOverHttp(JSON_TYPE, position, signal, environment, query);
  const { events, cursor, outcome } = parse(await response.text());
  if (!Array.isArray(events) || typeof cursor !== "number") {
    throw new MalformedEvent("a page without events or without a cursor");
  }
  const read = events.flatMap((event) => (isMembers(event) ? (readEvent(event) ?? []) : []));
  const parts = read.flatMap((event) => (event.kind === "part" ? event.part : []));
  return {
    events: read,
    parts,
    isFull: lengthOf(parts) >= FULL_PAGE,
    next: { generation: position.generation, cursor },
    outcome: isMembers(outcome) ? readOutcome(outcome) : null,
  };
}
