import type { Part } from "./parts";

/** Events of the log already seen; 0 is the start. */
export type Cursor = number;

/** The cursor of a reader who has seen all of a log, however long it is. */
export const END: Cursor = Number.POSITIVE_INFINITY;

/** The names of one run: every response begins with them. */
export interface Start {
  readonly generation: string;
  readonly conversation: string;
  /** The assistant message that this generation writes. */
  readonly message: string;
  /** The user message that it answers. */
  readonly parent: string;
  readonly model: string;
}

/** The server's figures for a generation. A figure is null when there was nothing to measure. */
export interface Timing {
  readonly firstTokenMs: number | null;
  readonly durationMs: number | null;
  readonly tokens: number | null;
  readonly tokensPerSecond: number | null;
  readonly longestGapMs: number | null;
  /** From the arrival of the request until the provider was asked. */
  readonly serverMs: number | null;
  /** From there to the provider's first token. */
  readonly providerMs: number | null;
}

/** How a generation ended. The outcome is the closing of the log: nothing comes after it. */
export type Outcome = { readonly timing: Timing } & (
  | { readonly status: "completed"; readonly reason: string }
  | { readonly status: "cancelled"; readonly by: string }
  | {
      readonly status: "failed";
      readonly code: string;
      /** For people: no secrets, no addresses, no stack traces. */
      readonly message: string;
      readonly retryable: boolean;
    }
  | { readonly status: "interrupted" }
);

/**
 * What a transport delivers. `cursor` is the place in the log *after* the event; in a `start` it is
 * the place that the response begins from.
 */
export type Event =
  | { readonly kind: "start"; readonly cursor: Cursor; readonly start: Start }
  | { readonly kind: "part"; readonly cursor: Cursor; readonly part: Part }
  /** All that was missing, at once and with the outcome: when it comes says nothing of how fast it was said. */
  | { readonly kind: "rest"; readonly cursor: Cursor; readonly parts: readonly Part[] }
  | { readonly kind: "outcome"; readonly outcome: Outcome };

/** The timing of a generation of which nothing was measured. */
export const NO_TIMING: Timing = {
  firstTokenMs: null,
  durationMs: null,
  tokens: null,
  tokensPerSecond: null,
  longestGapMs: null,
  serverMs: null,
  providerMs: null,
};
