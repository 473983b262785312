import { type Cursor, type Event, NO_TIMING } from "../events";
import { Problem } from "../problem";
import type { Arrival, StartRequest, Transport } from "../transport";
import { backoffMs } from "./backoff";
import { Connection } from "./connection";
import { browserNetwork, type Network } from "./network";

const TRIES_TO_START = 6;
const TRIES_TO_RESUME = 20;

/** What a follower reports: every event once and in order, and that the connection was lost or found again. */
export type Step = Event | { readonly kind: "reconnecting" | "reconnected" };

/**
 * Where following begins: with a request, or in a generation that runs already, after `cursor`.
 */
export type Origin =
  | { readonly request: StartRequest }
  | { readonly generation: string; readonly cursor: Cursor };

/** What following needs from outside. */
export interface Following {
  readonly transport: Transport;
  readonly origin: Origin;
  readonly signal: AbortSignal;
  readonly network?: Network;
}

/**
 * Follows a generation from its origin to its outcome, over as many responses as that takes. A response
 * that ends before the outcome was cut: the next one asks for what comes after the last event seen.
 * It always ends with an outcome; a log that can no longer be read gives a `failed` one.
 *
 * @throws Problem when the server refuses to start, or cannot be reached at all
 * @throws the signal's reason when it aborts
 */
export async function* follow(following: Following): AsyncGenerator<Step> {
  const { signal, network = browserNetwork } = following;
  const place = new Place(following.origin);
  let isLost = false;
  for (;;) {
    const connection = new Connection(signal, network);
    let askedForMs = 0;
    try {
      for await (const arrival of read(following, place, connection.signal)) {
        connection.heard();
        if (isLost) yield { kind: "reconnected" };
        isLost = false;
        for (const event of arrival) {
          if (!place.advance(event)) continue;
          yield event;
          if (event.kind === "outcome") return;
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Problem) {
        if (place.generation === undefined) throw error;
        if (!error.passing) return yield lost("gone");
        askedForMs = (error.retryAfter ?? 0) * 1000;
      }
    } finally {
      connection.close();
    }
    if (network.online) place.tries += 1;
    if (place.generation === undefined && place.tries >= TRIES_TO_START) throw unreachable();
    if (place.tries >= TRIES_TO_RESUME) return yield lost("disconnected");
    yield { kind: "reconnecting" };
    isLost = true;
    const pauseMs = Math.max(askedForMs, backoffMs(place.tries - 1, Math.random()));
    await network.pause(pauseMs, signal);
  }
}

/** How far a reader has come. */
class Place {
  generation: string | undefined;
  cursor: Cursor;
  /** Responses read since the last one that brought something new. */
  tries = 0;

  constructor(origin: Origin) {
    this.generation = "generation" in origin ? origin.generation : undefined;
    this.cursor = "generation" in origin ? origin.cursor : 0;
  }

  /** Moves behind the event; false when it was seen before. */
  advance(event: Event): boolean {
    if (event.kind === "start") this.generation = event.start.generation;
    else if (event.kind !== "outcome") {
      if (event.cursor <= this.cursor) return false;
      this.cursor = event.cursor;
      this.tries = 0;
    }
    return true;
  }
}

function read(following: Following, place: Place, signal: AbortSignal): AsyncIterable<Arrival> {
  const { transport, origin } = following;
  if (place.generation !== undefined) {
    return transport.resume(place.generation, place.cursor, signal);
  }
  if ("generation" in origin) throw new Error("a generation that runs has a name");
  return transport.start(origin.request, signal);
}

/** The rest of a reply is no longer kept, or no server could be reached again: both are this page's words. */
type Loss = "gone" | "disconnected";

function lost(code: Loss): Event {
  return {
    kind: "outcome",
    outcome: { status: "failed", code, message: "", retryable: true, timing: NO_TIMING },
  };
}

function unreachable(): Problem {
  return new Problem(0, "unreachable", null);
}
