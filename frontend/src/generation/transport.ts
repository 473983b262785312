import type { Cursor, Event } from "./events";
import type { MessageIds, ReplyIds } from "./ids";

/** Settings of a reply, named as on the wire. The server chooses what is absent. */
export interface ReplySettings {
  readonly model?: string;
  /** The system prompt. */
  readonly system?: string;
  /** From 0 to 2. */
  readonly temperature?: number;
  /** At least 1. */
  readonly max_tokens?: number;
}

/** The first message of a new conversation. */
export interface NewChatRequest extends ReplySettings {
  readonly message: string;
  readonly conversation?: never;
  readonly parent?: never;
  readonly ids: MessageIds & { readonly conversation: string };
}

/** A new message in an existing conversation. */
export interface MessageRequest extends ReplySettings {
  readonly message: string;
  readonly conversation: string;
  /** The message that the new one follows; `root`: none; absent: the latest of the conversation. */
  readonly parent?: string;
  readonly ids: MessageIds;
}

/** A reply to an existing message: another answer to a user message, or the continuation of a reply. */
export interface ReplyRequest extends ReplySettings {
  readonly conversation: string;
  readonly to: string;
  readonly ids: ReplyIds;
}

export type StartRequest = NewChatRequest | MessageRequest | ReplyRequest;

export function conversationOf(request: StartRequest): string {
  return request.conversation ?? request.ids.conversation;
}

/** The events of one network read; none if it was a heartbeat. */
export type Arrival = readonly Event[];

/** A position in the log of a generation. */
export interface LogPosition {
  readonly generation: string;
  readonly cursor: Cursor;
}

/** Where reading begins: a request, of which the same ids never start a second generation, or what follows a position. */
export type Origin = { readonly request: StartRequest } | LogPosition;

/** A way to read replies from the server. */
export interface Transport {
  /**
   * Reads one response to its end, with or without an outcome. Throws network errors as they are.
   *
   * @throws Problem if the server refuses
   */
  read(origin: Origin, signal: AbortSignal): AsyncIterable<Arrival>;
  /** Asks the server to end a generation. Its log tells how it ended. */
  cancel(generation: string): Promise<void>;
}

/** This transport does not work here, for example because a proxy refuses WebSockets. Another one may. */
export class TransportBlocked extends Error {
  override readonly name = "TransportBlocked";
}
