import { onNextFrame } from "../drawing-frame";
import type { Start } from "../events";
import { ExternalStore } from "../external-store";
import {
  emptyReply,
  fold,
  isRunning,
  type Reply,
  type ReplySoFar,
  resumedReply,
  STOPPED_HERE,
} from "../fold";
import { Problem } from "../problem";
import type { Origin, StartRequest, Transport } from "../transport";
import { backoffMs } from "./backoff";
import { follow, type Step } from "./follow";
import { browserNetwork, type Network } from "./network";

const TRIES_TO_CANCEL = 3;

interface LiveReplyOptions {
  readonly transport: Transport;
  readonly network?: Network;
  /** Calls back once before the next frame; returns a function that cancels the call. */
  readonly nextFrame?: (callback: () => void) => () => void;
  /** A monotonic clock in milliseconds. */
  readonly now?: () => number;
}

const IN_BROWSER = {
  network: browserNetwork,
  nextFrame: onNextFrame,
  now: () => performance.now(),
};

/** A reply while it arrives. It applies every step at once but notifies its listeners at most once a frame. */
export class LiveReply extends ExternalStore {
  /** Resolves when the server has started the reply; with null if it never does. */
  readonly started: Promise<Start | null>;
  /** Settles when the reply has ended. Rejects only because of a bug in the page. */
  readonly ended: Promise<void>;
  readonly #options: Required<LiveReplyOptions>;
  readonly #leave = new AbortController();
  readonly #origin: Origin;
  readonly #generation: string;
  #reply: Reply;
  #resolveStarted: (start: Start | null) => void = () => undefined;
  /** The progress of `stop`. "on start": the server did not know the generation yet, so cancel once it does. */
  #stop: "no" | "requested" | "on start" = "no";
  #drawing = false;

  /** Sends the request, or follows a running reply. */
  constructor(from: StartRequest | ReplySoFar, options: LiveReplyOptions) {
    super();
    this.#options = { ...IN_BROWSER, ...options };
    const now = this.#options.now();
    if ("start" in from) {
      this.#generation = from.start.generation;
      this.#origin = { generation: this.#generation, cursor: from.cursor };
      this.#reply = resumedReply(from, now);
    } else {
      this.#generation = from.ids.generation;
      this.#origin = { request: from };
      this.#reply = emptyReply(now);
    }
    this.started = new Promise((resolve) => {
      this.#resolveStarted = resolve;
    });
    this.ended = this.#run().finally(() => this.#resolveStarted(null));
  }

  readonly getSnapshot = (): Reply => this.#reply;

  /**
   * Asks the server to end the generation; the reply then ends with its log. If no server can be reached, the reply
   * ends on the page, and the server ends the generation because nobody reads it.
   */
  stop(): void {
    if (this.#stop !== "no" || !isRunning(this.#reply)) return;
    this.#stop = "requested";
    const { start, lostAt } = this.#reply;
    if (start === null && lostAt !== null) this.#stopHere();
    void this.#cancel();
  }

  async #run(): Promise<void> {
    const { signal } = this.#leave;
    try {
      for await (const step of follow({ ...this.#options, origin: this.#origin, signal })) {
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
    this.#change(fold(this.#reply, step, this.#options.now()));
    if (step.kind === "start") {
      this.#resolveStarted(step.start);
      if (this.#stop === "on start") void this.#cancel();
    } else if (step.kind === "reconnecting" && this.#reply.start === null) {
      // Do not send the start again.
      if (this.#stop !== "no") this.#stopHere();
    }
  }

  async #cancel(): Promise<void> {
    const { transport, network } = this.#options;
    const { signal } = this.#leave;
    for (let attempt = 0; attempt < TRIES_TO_CANCEL; attempt += 1) {
      const wasStarted = this.#reply.start !== null;
      try {
        if (attempt > 0) await network.pause(backoffMs(attempt - 1, Math.random()), signal);
        return await transport.cancel(this.#generation);
      } catch (error) {
        if (!isRunning(this.#reply)) return;
        if (!(error instanceof Problem) || error.isTransient) continue;
        if (error.status !== 404 || wasStarted) break;
        // The cancel request overtook the start request.
        if (this.#reply.start !== null) continue;
        this.#stop = "on start";
        return;
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
    this.#options.nextFrame(() => {
      this.#drawing = false;
      this.notify();
    });
  }
}
