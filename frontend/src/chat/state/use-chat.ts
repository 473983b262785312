import { useLayoutEffect, useMemo, useRef } from "react";
import type { Conversation } from "../../api/schema";
import type { ChatRequest, ReplySettings, StartRequest } from "../../generation/transport";
import { type Entry, lastPart } from "./entries";
import type { Turns } from "./pending";
import type { ThreadActions } from "./thread-context";
import { lastNamed, useThread } from "./use-thread";

interface ChatOptions {
  readonly turns: Turns;
  readonly place: string;
  /** Null until a new chat has been given a name. */
  readonly conversation: string | null;
  readonly saved: Conversation | undefined;
  /** What the request that begins a conversation names. */
  readonly settings: ReplySettings;
  /** The model that is chosen now. */
  readonly model: string | undefined;
  /** Saves which branch is shown. */
  readonly onStep: (leaf: string) => void;
  /** A question that the server refused to answer: it belongs back in the box. */
  readonly onRefused: (question: string) => void;
  /** The server no longer has the conversation: the question is to begin another. */
  readonly onForgotten: (request: ChatRequest) => void;
  /** Something was asked for, whose reply is to be seen. */
  readonly onAsked: () => void;
}

/** The thread of a place, and what can be done with it. */
export function useChat(options: ChatOptions) {
  const { turns, place, conversation, saved, settings } = options;
  const thread = useThread(turns, place, saved);
  const { entries, unnamed, replies } = thread;
  const model = options.model === undefined ? {} : { model: options.model };

  const begin = (after: string | null, request: StartRequest, question: string | null) => {
    options.onAsked();
    const turn = turns.begin(place, after, request, question);
    void turn.reply.ended.then(() => {
      const { ending } = turn.reply.getSnapshot();
      if (ending?.status === "refused" && question !== null) options.onRefused(question);
    });
  };
  const ask = (after: string | null, message: string) => {
    if (conversation === null) return begin(null, { message, ...settings, ...model }, message);
    const parent = after === null ? {} : { parent: after };
    begin(after, { message, conversation, ...parent, ...model }, message);
  };
  const replyTo = (to: string | null) => {
    if (conversation !== null && to !== null) begin(to, { conversation, to, ...model }, null);
  };

  const actions = useStable({
    edit({ parent }, message) {
      if (conversation === null) return;
      begin(parent, { message, conversation, parent: parent ?? "root", ...model }, message);
    },
    answer: replyTo,
    goOn: replyTo,
    step(leaf) {
      turns.stepAside(place);
      options.onStep(leaf);
    },
    retry(entry) {
      const refused = thread.turns.find(
        (turn) => turn.isRefused && turn.reply === replies.get(lastPart(entry).id),
      );
      if (refused === undefined) return replyTo(entry.parts[0].parent);
      const { after, request, question, reply } = refused;
      const { ending } = reply.getSnapshot();
      const isForgotten = ending?.status === "refused" && ending.problem.isForgotten;
      const anew = { message: question ?? "", ...settings, ...model };
      if (isForgotten && question !== null) options.onForgotten(anew);
      else begin(after, { ...request, ...model }, question);
    },
  });

  const last = entries.at(-1);
  return {
    ...thread,
    actions,
    /** The reply at the end of the thread, if that is what stands there. */
    reply: last?.role === "assistant" ? last : undefined,
    send: (message: string) => ask(lastNamed(entries, unnamed), message),
  };
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
