import type { LiveReply } from "../generation/live-reply";
import type { ChatRequest } from "../generation/transport";

/** A question and its reply. */
export interface Turn {
  readonly key: string;
  readonly question: string;
  readonly reply: LiveReply;
}

/**
 * The request that asks `question` after these turns, in the conversation that they are.
 *
 * @param model - undefined leaves the choice to the server
 */
export function nextRequest(
  turns: readonly Turn[],
  question: string,
  model: string | undefined,
): ChatRequest {
  const conversation = turns.map(startOf).findLast((start) => start !== null)?.conversation;
  return { message: question, ...given({ conversation, model }) };
}

/**
 * The request that asks the last question again, as if it had not been asked: it comes after the same
 * message. The first question has nothing before it, and begins a new conversation.
 */
export function retryRequest(turns: readonly Turn[], model: string | undefined): ChatRequest {
  const earlier = turns.slice(0, -1);
  const request = nextRequest(earlier, turns.at(-1)?.question ?? "", model);
  const before = earlier.map(startOf).findLast((start) => start !== null);
  return before == null ? request : { ...request, parent: before.message };
}

function startOf(turn: Turn) {
  return turn.reply.getSnapshot().start;
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
