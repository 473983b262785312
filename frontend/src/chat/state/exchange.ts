import type { LiveReply } from "../../generation/following/live-reply";
import type { StartRequest } from "../../generation/transport";

/** A request of this page and its reply, until the saved conversation has them. */
export interface Exchange {
  readonly request: StartRequest;
  readonly reply: LiveReply;
  /** Whether the server has started it. */
  readonly isStarted: boolean;
  /** It ended before it started. The server may have it all the same, if its answer was lost. */
  readonly isRefused: boolean;
  /** Whether the thread shows its branch, as it does until the person steps to another. */
  readonly isShown: boolean;
}

/** What the person wrote; null where they asked for a reply to a message that the server has. */
export function questionOf({ request }: Pick<Exchange, "request">): string | null {
  return "to" in request ? null : request.message;
}

/** The assistant message of an exchange. */
export function replyId({ request }: Exchange): string {
  return request.ids.reply;
}

/** The messages that only this exchange has: a new user message, and the reply. */
export function newIds({ request }: Exchange): readonly string[] {
  return "to" in request ? [request.ids.reply] : [request.ids.message, request.ids.reply];
}
