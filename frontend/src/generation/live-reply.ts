import { backoffMs } from "./backoff";
import type { Start } from "./events";
import {
  emptyReply,
  fold,
  foundReply,
  isRunning,
  type Reply,
  type ReplySoFar,
  STOPPED_HERE,
} from "./fold";
import { follow, type Origin, type Step } from "./follow";
import { onNextFrame } from "./frame";
import { uniqueKey } from "./key";
import { browserNetwork, type Network } from "./network";
import { Problem } from "./problem";
import type { StartRequest, Transport } from "./transport";

const TRIES_TO_CANCEL = 3;

/** What a live reply is made of; tests bring their own. */
export interface Means {
  readonly transport: Transport;
  /** Under which the request may be sent twice; without it, one of its own. */
  readonly key?: string;
  readonly network?: Network;
  /** Calls back once, when it is time to draw; returns what takes the call back. */
  readonly nextFrame?: (callback: () => void) => () => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

/**
 * One reply while it arrives. It takes every step at once and tells its listeners at most once a
 * frame, so the page draws what a frame brought in one go. The shape is that of React's external
 * stores, but nothing here knows React.
 */
export class LiveReply {
  /** The names of the generation, as soon as the server has said them; null if it never did. */
  readonly started: Promise<Start | null>;
  /** Settles when the reply has ended. Rejects only on a fault in the page itself. */
  readonly ended: Promise<void>;
  readonly #transport: Transport;
  readonly #network: Network;
  readonly #nextFrame: (callback: () => void) => () => void;
  readonly #now: () => number;
  readonly #leave = new AbortController();
  readonly #listeners = new Set<() => void>();
  readonly #origin: Origin;
  #reply: Reply;
  #tellStart: (start: Start | null) => void = () => undefined;
  #stopping = false;
  #drawing = false;

  /** Sends the request at once, or follows on at once what runs already. */
  constructor(from: StartRequest | ReplySoFar, means: Means) {
    this.#transport = means.transport;
    this.#network = means.network ?? browserNetwork;
    this.#nextFrame = means.nextFrame ?? onNextFrame;
    this.#now = means.now ?? (() => performance.now());
    if ("start" in from) {
      this.#origin = { generation: from.start.generation, cursor: from.cursor };
      this.#reply = foundReply(from, this.#now());
    } else {
      this.#origin = { request: from, key: means.key ?? uniqueKey() };
      this.#reply = emptyReply(this.#now());
    }
    this.started = new Promise((resolve) => {
      this.#tellStart = resolve;
    });
    this.ended = this.#run().finally(() => this.#tellStart(null));
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly getSnapshot = (): Reply => this.#reply;

  /**
   * Asks the server to end the generation; the reply then ends as its log says. Where no server can
   * be told, the reply ends here, and the server ends it by itself when nobody reads it.
   */
  stop(): void {
    if (this.#stopping || !isRunning(this.#reply)) return;
    this.#stopping = true;
    const { start, lostAt } = this.#reply;
    if (start !== null) void this.#cancel(start.generation);
    else if (lostAt !== null) this.#stopHere();
  }

  async #run(): Promise<void> {
    const { signal } = this.#leave;
    const following = { transport: this.#transport, origin: this.#origin, network: this.#network };
    try {
      for await (const step of follow({ ...following, signal })) {
        if (signal.aborted) return;
        this.#take(step);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      this.#change({ ...this.#reply, lostAt: null, ending: { status: "refused", problem: error } });
    }
  }

  #take(step: Step): void {
    this.#change(fold(this.#reply, step, this.#now()));
    if (step.kind === "start") this.#tellStart(step.start);
    if (!this.#stopping) return;
    if (step.kind === "start") void this.#cancel(step.start.generation);
    else if (step.kind === "reconnecting" && this.#reply.start === null) this.#stopHere();
  }

  async #cancel(generation: string): Promise<void> {
    const { signal } = this.#leave;
    for (let attempt = 0; attempt < TRIES_TO_CANCEL && isRunning(this.#reply); attempt += 1) {
      try {
        return await this.#transport.cancel(generation);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Problem && !error.passing) break;
        await this.#network.pause(backoffMs(attempt, Math.random()), signal);
      }
    }
    this.#stopHere();
  }

  #stopHere(): void {
    if (!isRunning(this.#reply)) return;
    this.#leave.abort();
    this.#change({ ...this.#reply, lostAt: null, ending: STOPPED_HERE });
  }

  #change(reply: Reply): void {
    this.#reply = reply;
    if (this.#drawing) return;
    this.#drawing = true;
    this.#nextFrame(() => {
      this.#drawing = false;
      for (const listener of this.#listeners) listener();
    });
  }
}
