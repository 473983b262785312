import { useLayoutEffect, useRef } from "react";
import type { Conversation, Message } from "../../api/schema";
import { newId, newMessageIds, newReplyIds } from "../../generation/ids";
import type { NewChatRequest, ReplySettings, StartRequest } from "../../generation/transport";
import { type Exchange, newIds } from "./exchange";
import type { PendingExchanges } from "./pending";
import type { ThreadActions } from "./thread-context";
import { useThread } from "./use-thread";

interface UseChatOptions {
  readonly pending: PendingExchanges;
  readonly id: string;
  /** Whether the server has the conversation. */
  readonly isStarted: boolean;
  readonly saved: Conversation | undefined;
  /** The settings for the first request of a conversation. */
  readonly settings: ReplySettings;
  /** The model that is chosen now. */
  readonly model: string | undefined;
  /** Saves the leaf of the shown branch. */
  readonly onStep: (leaf: string) => void;
  /** Gets a request that starts another conversation. */
  readonly onNewChat: (request: NewChatRequest) => void;
  /** Called when a request is sent. */
  readonly onStart: () => void;
}

/** The thread of a conversation and its actions. */
export function useChat(options: UseChatOptions) {
  const { pending, id, isStarted, saved, settings } = options;
  const thread = useThread(pending, id, saved);
  const { branch, replies, exchanges } = thread;
  const model = options.model === undefined ? {} : { model: options.model };

  const begin = (request: StartRequest) => {
    options.onStart();
    pending.begin(request);
  };
  const beginChat = (message: string, conversation: string) => {
    const ids = { conversation, ...newMessageIds() };
    const request = { message, ...settings, ...model, ids };
    if (conversation === id) begin(request);
    else options.onNewChat(request);
  };
  const ask = (message: string, parent: string | null) => {
    // A conversation whose start was not accepted may exist nevertheless, if the response was lost: it gets another id.
    if (!isStarted) return beginChat(message, exchanges.length === 0 ? id : newId("conv"));
    const after = parent === null ? {} : { parent };
    begin({ message, conversation: id, ...after, ...model, ids: newMessageIds() });
  };
  const replyTo = (to: string | null) => {
    if (!isStarted || to === null) return;
    begin({ conversation: id, to, ...model, ids: newReplyIds() });
  };
  const retryUnaccepted = ({ request, reply }: Exchange) => {
    const { ending } = reply.getSnapshot();
    const isForgotten = ending?.status === "refused" && ending.problem.isForgotten;
    if (isForgotten && "message" in request) beginChat(request.message, newId("conv"));
    // The same request has the same ids, so it finds a reply that the server already has.
    else if (request.model === options.model) begin(request);
    else if ("to" in request) replyTo(request.to);
    else ask(request.message, request.parent ?? null);
  };

  const actions = useStable({
    edit: ({ parent }, message) => ask(message, parent ?? "root"),
    replyTo,
    step(leaf) {
      pending.hideExchanges(id);
      options.onStep(leaf);
    },
    retry(entry) {
      const unaccepted = exchanges.find(
        ({ state, reply }) =>
          state === "unaccepted" && reply === replies.get(entry.messages.at(-1)?.id ?? ""),
      );
      if (unaccepted === undefined) replyTo(entry.messages[0].parent);
      else retryUnaccepted(unaccepted);
    },
  });

  const last = branch.at(-1);
  return {
    ...thread,
    actions,
    /** The last message of the thread if it is a reply. */
    reply: last?.role === "assistant" ? last : undefined,
    send: (message: string) => ask(message, lastKnown(branch, exchanges)),
  };
}

/** The last message of a branch that the server has. The next message follows it. */
function lastKnown(branch: readonly Message[], exchanges: readonly Exchange[]): string | null {
  const unknown = new Set(exchanges.filter(({ state }) => state === "unaccepted").flatMap(newIds));
  return branch.findLast(({ id }) => !unknown.has(id))?.id ?? null;
}

/** An object that stays the same but has the latest actions. Callers must not take the actions out of it. */
function useStable(actions: ThreadActions): ThreadActions {
  const stable = useRef(actions);
  useLayoutEffect(() => void Object.assign(stable.current, actions));
  return stable.current;
}
