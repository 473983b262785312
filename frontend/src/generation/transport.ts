import type { Cursor, Event } from "./events";

/** What a person asks for. Members that are absent are the server's to choose. */
export interface ChatRequest {
  readonly message: string;
  readonly model?: string;
  /** Absent: a new conversation. */
  readonly conversation?: string;
  /** The message after which the new one comes. Absent: the latest of the conversation. */
  readonly parent?: string;
}

/** What one network read brought. It is empty when the server only showed that it is alive. */
export type Arrival = readonly Event[];

/**
 * The seam between a reply and its wire. Both readers end quietly when the response ends, whether or
 * not an outcome came; they throw `Problem` when the server refused, and whatever the network threw
 * when it broke.
 */
export interface Transport {
  /** Starts a generation. The same key again is the same generation, never a second run. */
  start(request: ChatRequest, key: string, signal: AbortSignal): AsyncIterable<Arrival>;
  /** Reads what the log holds after `after`, and what comes. */
  resume(generation: string, after: Cursor, signal: AbortSignal): AsyncIterable<Arrival>;
  /** Asks the server to end a generation. The reply itself says how it ended. */
  cancel(generation: string): Promise<void>;
}
