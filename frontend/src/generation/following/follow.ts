import { type Cursor, type Event, NO_TIMING } from "../events";
import { Problem } from "../problem";
import type { Origin, Transport } from "../transport";
import { backoffMs } from "./backoff";
import { Connection } from "./connection";
import { browserNetwork, type Network } from "./network";

const TRIES_TO_START = 6;
const TRIES_TO_RESUME = 20;

/** What `follow` yields: every event once and in order, and changes of the connection. */
export type Step = Event | { readonly kind: "reconnecting" | "reconnected" };

interface FollowOptions {
  readonly transport: Transport;
  readonly origin: Origin;
  readonly signal: AbortSignal;
  readonly network?: Network;
}

/**
 * Follows a generation to its outcome, over as many responses as necessary. A response that ends before the outcome
 * was cut; the next one resumes after the last event seen. The last step is always an outcome; a log that can no
 * longer be read yields a `failed` one.
 *
 * @throws Problem if the server refuses to start or was never reached
 * @throws the signal's reason when it aborts
 */
export async function* follow(options: FollowOptions): AsyncGenerator<Step> {
  const { transport, signal, network = browserNetwork } = options;
  const position = new Position(options.origin);
  let isLost = false;
  for (;;) {
    const connection = new Connection(signal, network);
    let retryAfterMs = 0;
    try {
      for await (const arrival of transport.read(position.origin, connection.signal)) {
        connection.heard();
        if (isLost) yield { kind: "reconnected" };
        isLost = false;
        for (const event of arrival) {
          if (!position.advance(event)) continue;
          yield event;
          if (event.kind === "outcome") return;
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Problem) {
        if (position.generation === undefined) throw error;
        if (!error.isTransient) return yield lost("gone");
        retryAfterMs = (error.retryAfter ?? 0) * 1000;
      }
    } finally {
      connection.close();
    }
    if (network.online) position.tries += 1;
    const { generation, tries } = position;
    if (generation === undefined && tries >= TRIES_TO_START) {
      throw new Problem(0, "unreachable", null);
    }
    if (tries >= TRIES_TO_RESUME) return yield lost("disconnected");
    yield { kind: "reconnecting" };
    isLost = true;
    await network.pause(Math.max(retryAfterMs, backoffMs(tries - 1, Math.random())), signal);
  }
}

class Position {
  generation: string | undefined;
  cursor: Cursor;
  /** The responses since the last one with new events. */
  tries = 0;

  readonly #first: Origin;

  constructor(origin: Origin) {
    this.#first = origin;
    this.generation = "generation" in origin ? origin.generation : undefined;
    this.cursor = "generation" in origin ? origin.cursor : 0;
  }

  /** Where the next response begins. */
  get origin(): Origin {
    const { generation, cursor } = this;
    return generation === undefined ? this.#first : { generation, cursor };
  }

  /** Moves behind the event; false if the event was seen before. */
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

/** The outcome of a reply whose log the server no longer has, or whose server cannot be reached again. */
function lost(code: "gone" | "disconnected"): Event {
  return {
    kind: "outcome",
    outcome: { status: "failed", code, message: "", retryable: true, timing: NO_TIMING },
  };
}
