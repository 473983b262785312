import { backoffMs } from "./backoff";
import { Connection } from "./connection";
import { type Cursor, type Event, NO_TIMING } from "./events";
import { browserNetwork, type Network } from "./network";
import { Problem } from "./problem";
import type { Arrival, ChatRequest, Transport } from "./transport";

const TRIES_TO_START = 6;
const TRIES_TO_RESUME = 20;

/** What a follower reports: every event once and in order, and that the connection was lost. */
export type Step = Event | { readonly kind: "reconnecting" };

/** What following needs from outside. `key` names the start: it makes asking twice harmless. */
export interface Following {
  readonly transport: Transport;
  readonly request: ChatRequest;
  readonly key: string;
  readonly signal: AbortSignal;
  readonly network?: Network;
}

/**
 * Starts a generation and follows it to its outcome, over as many responses as that takes. A response
 * that ends before the outcome was cut: the next one asks for what comes after the last event seen.
 * It always ends with an outcome; a log that can no longer be read gives a `failed` one.
 *
 * @throws Problem when the server refuses to start, or cannot be reached at all
 * @throws the signal's reason when it aborts
 */
export async function* follow(following: Following): AsyncGenerator<Step> {
  const { signal, network = browserNetwork } = following;
  const place = new Place();
  for (;;) {
    const connection = new Connection(signal, network);
    let pauseMs: number | null = null;
    try {
      for await (const arrival of read(following, place, connection.signal)) {
        connection.heard();
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
        if (!error.passing) return yield lost(GONE);
        pauseMs = error.retryAfter === null ? null : error.retryAfter * 1000;
      }
    } finally {
      connection.close();
    }
    if (network.online) place.tries += 1;
    if (place.generation === undefined && place.tries >= TRIES_TO_START) throw unreachable();
    if (place.tries >= TRIES_TO_RESUME) return yield lost(DISCONNECTED);
    yield { kind: "reconnecting" };
    await network.pause(pauseMs ?? backoffMs(place.tries - 1, Math.random()), signal);
  }
}

/** How far a reader has come. */
class Place {
  generation: string | undefined;
  cursor: Cursor = 0;
  /** Responses read since the last one that brought something new. */
  tries = 0;

  /** Moves behind the event; false when it was seen before. */
  advance(event: Event): boolean {
    if (event.kind === "start") this.generation = event.start.generation;
    if (event.kind === "text" || event.kind === "reasoning") {
      if (event.cursor <= this.cursor) return false;
      this.cursor = event.cursor;
      this.tries = 0;
    }
    return true;
  }
}

function read(following: Following, place: Place, signal: AbortSignal): AsyncIterable<Arrival> {
  const { transport, request, key } = following;
  if (place.generation === undefined) return transport.start(request, key, signal);
  return transport.resume(place.generation, place.cursor, signal);
}

const GONE = { code: "gone", message: "The rest of this reply is no longer available." };
const DISCONNECTED = {
  code: "disconnected",
  message: "The connection was lost, and the server could not be reached again.",
};

function lost(why: { code: string; message: string }): Event {
  return {
    kind: "outcome",
    outcome: { status: "failed", ...why, retryable: true, timing: NO_TIMING },
  };
}

function unreachable(): Problem {
  return new Problem(0, "unreachable", "The server cannot be reached. Check the connection.");
}
