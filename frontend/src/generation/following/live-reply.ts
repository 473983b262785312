import type { Start } from "../events";
import {
  emptyReply,
  fold,
  foundReply,
  isRunning,
  type Reply,
  type ReplySoFar,
  STOPPED_HERE,
} from "../fold";
import { onNextFrame } from "../frame";
import { Problem } from "../problem";
import type { StartRequest, Transport } from "../transport";
import { backoffMs } from "./backoff";
import { follow, type Origin, type Step } from "./follow";
import { browserNetwork, type Network } from "./network";

const TRIES_TO_CANCEL = 3;

/** What a live reply is made of; tests bring their own. */
export interface Means {
  readonly transport: Transport;
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
  /** What the server has started, as soon as it says so; null if it never does. */
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
  readonly #generation: string;
  #reply: Reply;
  #tellStart: (start: Start | null) => void = () => undefined;
  /** How far a request to stop has come; "on start": the server did not know the generation yet. */
  #stop: "no" | "asked" | "on start" = "no";
  #drawing = false;

  /** Sends the request at once, or follows on at once what runs already. */
  constructor(from: StartRequest | ReplySoFar, means: Means) {
    this.#transport = means.transport;
    this.#network = means.network ?? browserNetwork;
    this.#nextFrame = means.nextFrame ?? onNextFrame;
    this.#now = means.now ?? (() => performance.now());
    if ("start" in from) {
      this.#generation = from.start.generation;
      this.#origin = { generation: this.#generation, cursor: from.cursor };
      this.#reply = foundReply(from, this.#now());
    } else {
      this.#generation = from.ids.generation;
      this.#origin = { request: from };
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
    if (this.#stop !== "no" || !isRunning(this.#reply)) return;
    this.#stop = "asked";
    const { start, lostAt } = this.#reply;
    if (start === null && lostAt !== null) this.#stopHere();
    void this.#cancel();
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
    if (step.kind === "start") {
      this.#tellStart(step.start);
      if (this.#stop === "on start") void this.#cancel();
    } else if (step.kind === "reconnecting" && this.#reply.start === null) {
      // A start that has to be sent again is not wanted any more.
      if (this.#stop !== "no") this.#stopHere();
    }
  }

  async #cancel(): Promise<void> {
    for (let attempt = 0; attempt < TRIES_TO_CANCEL; attempt += 1) {
      const wasStarted = this.#reply.start !== null;
      try {
        if (attempt > 0) await this.#pause(attempt - 1);
        return await this.#transport.cancel(this.#generation);
      } catch (error) {
        if (!isRunning(this.#reply)) return;
        if (!(error instanceof Problem) || error.passing) continue;
        if (error.status !== 404 || wasStarted) break;
        // The cancel overtook the start.
        if (this.#reply.start !== null) continue;
        this.#stop = "on start";
        return;
      }
    }
    this.#stopHere();
  }

  #pause(attempt: number): Promise<void> {
    return this.#network.pause(backoffMs(attempt, Math.random()), this.#leave.signal);
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
