import type { Start } from "../../generation/events";
import type { LiveReply } from "../../generation/live-reply";
import type { StartRequest } from "../../generation/transport";

/** What a person asked for on this page, until the saved conversation has it. */
export interface Turn {
  /** Also that of its request, which makes sending it twice harmless. */
  readonly key: string;
  /** What they wrote; null where they asked for a reply to a message that the server has. */
  readonly question: string | null;
  /** The message that this comes after; null at the beginning of a conversation. */
  readonly after: string | null;
  readonly request: StartRequest;
  readonly reply: LiveReply;
  /** Null until the server has named the generation. */
  readonly start: Start | null;
  /** It ended before the server had named it: there is nothing to go on with. */
  readonly isRefused: boolean;
  /** Whether the thread shows its branch, as it does until the person steps to another. */
  readonly isShown: boolean;
}

/** The id of a turn's question, its own until the server has given it one. */
export function questionId({ key, question, after, start }: Turn): string | null {
  return question === null ? after : (start?.parent ?? `${key}-question`);
}

/** The id of a turn's reply, its own until the server has given it one. */
export function replyId({ key, start }: Turn): string {
  return start?.message ?? `${key}-reply`;
}
