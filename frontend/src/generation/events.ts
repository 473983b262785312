import type { Part } from "./parts";

/** The number of events of the log that a reader has seen; 0 is the start. */
export type Cursor = number;

/** The cursor of a reader who has seen a complete log of unknown length. */
export const END: Cursor = Number.POSITIVE_INFINITY;

/** The ids of a generation, with which every response begins. */
export interface Start {
  readonly generation: string;
  readonly conversation: string;
  /** The assistant message that this generation writes. */
  readonly message: string;
  /** The user message that this generation answers. */
  readonly parent: string;
  readonly model: string;
}

/** What the server measured of a generation; null where there was nothing to measure. */
export interface Timing {
  readonly firstTokenMs: number | null;
  readonly durationMs: number | null;
  readonly tokens: number | null;
  readonly tokensPerSecond: number | null;
  readonly longestGapMs: number | null;
  /** From the arrival of the request to the request to the provider. */
  readonly serverMs: number | null;
  /** From the request to the provider to its first token. */
  readonly providerMs: number | null;
}

/** How a generation ended. The outcome closes the log: nothing follows it. */
export type Outcome = { readonly timing: Timing } & (
  | {
      readonly status: "completed";
      readonly reason: string;
      /** What a reply without text has instead, by its name on the wire. */
      readonly noText?: string;
    }
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
 * What a transport delivers. `cursor` is the position in the log *after* the event; in a `start` it is the
 * position at which the response begins.
 */
export type Event =
  | { readonly kind: "start"; readonly cursor: Cursor; readonly start: Start }
  | { readonly kind: "part"; readonly cursor: Cursor; readonly part: Part }
  /** The remaining parts, all at once and with the outcome. Their arrival tells nothing about the pace. */
  | { readonly kind: "rest"; readonly cursor: Cursor; readonly parts: readonly Part[] }
  | { readonly kind: "outcome"; readonly outcome: Outcome };

export const NO_TIMING: Timing = {
  firstTokenMs: null,
  durationMs: null,
  tokens: null,
  tokensPerSecond: null,
  longestGapMs: null,
  serverMs: null,
  providerMs: null,
};
