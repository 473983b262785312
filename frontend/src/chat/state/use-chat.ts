import { useLayoutEffect, useMemo, useRef } from "react";
import type { Conversation, Message } from "../../api/schema";
import { newId, newMessageIds, newReplyIds } from "../../generation/ids";
import type { NewChatRequest, ReplySettings, StartRequest } from "../../generation/transport";
import type { Entry } from "./entries";
import { type Exchange, newIds, questionOf } from "./exchange";
import type { PendingExchanges } from "./pending";
import type { ThreadActions } from "./thread-context";
import { useThread } from "./use-thread";

interface ChatOptions {
  readonly pending: PendingExchanges;
  readonly id: string;
  /** Whether the server has the conversation. */
  readonly isStarted: boolean;
  readonly saved: Conversation | undefined;
  /** What the request that begins a conversation names. */
  readonly settings: ReplySettings;
  /** The model that is chosen now. */
  readonly model: string | undefined;
  /** Saves which branch is shown. */
  readonly onStep: (leaf: string) => void;
  /** A question that the server refused to answer: it belongs back in the box. */
  readonly onRefused: (question: string) => void;
  /** The request has to begin another conversation. */
  readonly onNewChat: (request: NewChatRequest) => void;
  /** Something was asked for, whose reply is to be seen. */
  readonly onAsked: () => void;
}

/** The thread of a conversation, and what can be done with it. */
export function useChat(options: ChatOptions) {
  const { pending, id, isStarted, saved, settings } = options;
  const thread = useThread(pending, id, saved);
  const { branch, replies, exchanges } = thread;
  const model = options.model === undefined ? {} : { model: options.model };

  const begin = (request: StartRequest) => {
    options.onAsked();
    const exchange = pending.begin(request);
    const { reply } = exchange;
    void reply.ended.then(() => {
      const question = questionOf(exchange);
      const { ending } = reply.getSnapshot();
      if (ending?.status === "refused" && question !== null) options.onRefused(question);
    });
  };
  const beginChat = (message: string, conversation: string) => {
    const ids = { conversation, ...newMessageIds() };
    const request = { message, ...settings, ...model, ids };
    if (conversation === id) begin(request);
    else options.onNewChat(request);
  };
  const ask = (message: string, parent: string | null) => {
    // A conversation whose start seems refused may exist all the same, if the server's answer was lost.
    if (!isStarted) return beginChat(message, exchanges.length === 0 ? id : newId("conv"));
    const after = parent === null ? {} : { parent };
    begin({ message, conversation: id, ...after, ...model, ids: newMessageIds() });
  };
  const replyTo = (to: string | null) => {
    if (!isStarted || to === null) return;
    begin({ conversation: id, to, ...model, ids: newReplyIds() });
  };
  const retryRefused = ({ request, reply }: Exchange) => {
    const { ending } = reply.getSnapshot();
    const isForgotten = ending?.status === "refused" && ending.problem.isForgotten;
    if (isForgotten && "message" in request) beginChat(request.message, newId("conv"));
    // The same request has the same ids: if the server has the reply already, this is it.
    else if (request.model === options.model) begin(request);
    else if ("to" in request) replyTo(request.to);
    else ask(request.message, request.parent ?? null);
  };

  const actions = useStable({
    edit: ({ parent }, message) => ask(message, parent ?? "root"),
    answer: replyTo,
    goOn: replyTo,
    step(leaf) {
      pending.stepAside(id);
      options.onStep(leaf);
    },
    retry(entry) {
      const refused = exchanges.find(
        ({ isRefused, reply }) =>
          isRefused && reply === replies.get(entry.messages.at(-1)?.id ?? ""),
      );
      if (refused === undefined) replyTo(entry.messages[0].parent);
      else retryRefused(refused);
    },
  });

  const last = branch.at(-1);
  return {
    ...thread,
    actions,
    /** The reply at the end of the thread, if that is what stands there. */
    reply: last?.role === "assistant" ? last : undefined,
    send: (message: string) => ask(message, lastKnown(branch, exchanges)),
  };
}

/** The last message of a thread that the server has, after which the next one comes. */
function lastKnown(branch: readonly Message[], exchanges: readonly Exchange[]): string | null {
  const unknown = new Set(exchanges.filter(({ isRefused }) => isRefused).flatMap(newIds));
  return branch.findLast(({ id }) => !unknown.has(id))?.id ?? null;
}

/** The same actions at every drawing, which do what the latest of them would. */
function useStable(actions: ThreadActions): ThreadActions {
  const latest = useRef(actions);
  useLayoutEffect(() => {
    latest.current = actions;
  });
  return useMemo(
    () => ({
      edit: (question, text) => latest.current.edit(question, text),
      answer: (question) => latest.current.answer(question),
      goOn: (reply) => latest.current.goOn(reply),
      retry: (entry: Entry) => latest.current.retry(entry),
      step: (leaf) => latest.current.step(leaf),
    }),
    [],
  );
}
