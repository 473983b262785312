import type { Cursor, Event } from "./events";
import type { MessageIds, ReplyIds } from "./ids";

/** How a reply is to be made, in the words of the wire. What is absent is the server's to choose. */
export interface ReplySettings {
  readonly model?: string;
  /** The system prompt. */
  readonly system?: string;
  /** From 0 to 2. */
  readonly temperature?: number;
  /** The tokens that a reply may have, at least 1. */
  readonly max_tokens?: number;
}

/** The first message of a new conversation. */
export interface NewChatRequest extends ReplySettings {
  readonly message: string;
  readonly conversation?: never;
  readonly parent?: never;
  readonly ids: MessageIds & { readonly conversation: string };
}

/** A new message in a conversation that the server has. */
export interface MessageRequest extends ReplySettings {
  readonly message: string;
  readonly conversation: string;
  /**
   * The message after which the new one comes; `root` where nothing does. Absent: the latest of the
   * conversation.
   */
  readonly parent?: string;
  readonly ids: MessageIds;
}

/** A reply to a message that the server has: another one to a question, or what a reply goes on with. */
export interface ReplyRequest extends ReplySettings {
  readonly conversation: string;
  readonly to: string;
  readonly ids: ReplyIds;
}

/** Whatever begins a generation. */
export type StartRequest = NewChatRequest | MessageRequest | ReplyRequest;

/** The conversation that a request belongs to, or begins. */
export function conversationOf(request: StartRequest): string {
  return request.conversation ?? request.ids.conversation;
}

/** What one network read brought. It is empty when the server only showed that it is alive. */
export type Arrival = readonly Event[];

/**
 * The seam between a reply and its wire. Both readers end quietly when the response ends, whether or
 * not an outcome came; they throw `Problem` when the server refused, and whatever the network threw
 * when it broke.
 */
export interface Transport {
  /** Starts a generation. The same ids again are the same generation, never a second run. */
  start(request: StartRequest, signal: AbortSignal): AsyncIterable<Arrival>;
  /** Reads what the log holds after `after`, and what comes. */
  resume(generation: string, after: Cursor, signal: AbortSignal): AsyncIterable<Arrival>;
  /** Asks the server to end a generation. The reply itself says how it ended. */
  cancel(generation: string): Promise<void>;
}

/** This transport does not get through here, as where a proxy refuses WebSockets. Another one may. */
export class TransportBlocked extends Error {
  override readonly name = "TransportBlocked";
}
