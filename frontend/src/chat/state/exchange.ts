import type { LiveReply } from "../../generation/following/live-reply";
import type { StartRequest } from "../../generation/transport";

/** A request of this page and its reply, until the saved conversation contains them. */
export interface Exchange {
  readonly request: StartRequest;
  readonly reply: LiveReply;
  /** An unaccepted one ended before it started. The server may have it nevertheless, if its response was lost. */
  readonly state: "sent" | "started" | "unaccepted";
  /** Whether the thread shows its branch, until the person chooses another. */
  readonly isShown: boolean;
}

/** The text of the new user message; null if the request has none. */
export function questionOf({ request }: Exchange): string | null {
  return "to" in request ? null : request.message;
}

/** The latest question that the server refused; null if there is none. */
export function refusedQuestion(exchanges: readonly Exchange[]): string | null {
  const isRefused = ({ reply }: Exchange) => reply.getSnapshot().ending?.status === "refused";
  const refused = exchanges.findLast(isRefused);
  return refused === undefined ? null : questionOf(refused);
}

/** The id of its assistant message. */
export function replyId({ request }: Exchange): string {
  return request.ids.reply;
}

/** The ids of its new messages. */
export function newIds({ request }: Exchange): readonly string[] {
  return "to" in request ? [request.ids.reply] : [request.ids.message, request.ids.reply];
}
