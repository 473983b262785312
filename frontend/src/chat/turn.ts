import type { LiveReply } from "../generation/live-reply";
import type { ChatRequest } from "../generation/transport";

/** A question and its reply. */
export interface Turn {
  readonly key: string;
  readonly question: string;
  readonly reply: LiveReply;
}

/** What a request takes from the page beside its question. */
export interface Choices {
  /** Undefined leaves the choice to the server. */
  readonly model: string | undefined;
  /** Conversations that the server no longer has: nothing can go on there. */
  readonly forgotten: ReadonlySet<string>;
}

/** The request that asks `question` after these turns, in the conversation that they are. */
export function nextRequest(
  turns: readonly Turn[],
  question: string,
  choices: Choices,
): ChatRequest {
  const conversation = lastStart(turns, choices)?.conversation;
  return { message: question, ...given({ conversation, model: choices.model }) };
}

/**
 * The request that asks the last question again, as if it had not been asked: it comes after the same
 * message. The first question has nothing before it, and begins a new conversation.
 */
export function retryRequest(turns: readonly Turn[], choices: Choices): ChatRequest {
  const earlier = turns.slice(0, -1);
  const request = nextRequest(earlier, turns.at(-1)?.question ?? "", choices);
  const before = lastStart(earlier, choices);
  return before === undefined ? request : { ...request, parent: before.message };
}

function lastStart(turns: readonly Turn[], { forgotten }: Choices) {
  return turns
    .map((turn) => turn.reply.getSnapshot().start)
    .filter((start) => start !== null)
    .findLast((start) => !forgotten.has(start.conversation));
}

/** Leaves out what is undefined. */
function given<T extends Record<string, string | undefined>>(members: T) {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string;
  };
}

/** The turns that the server knows: a refused question never reached its conversation. */
export function withoutRefused(turns: readonly Turn[]): readonly Turn[] {
  return turns.filter((turn) => turn.reply.getSnapshot().ending?.status !== "refused");
}
