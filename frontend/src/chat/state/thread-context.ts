import { createContext } from "react";
import type { Message } from "../../api/schema";
import type { Entry } from "./entries";

/** The actions of messages. New replies are by the model that is chosen now. */
export interface ThreadActions {
  /** Sends `text` instead of a user message, on a new branch. */
  readonly edit: (message: Pick<Message, "parent">, text: string) => void;
  /** Starts a reply to a user message (by id), or continues a reply. */
  readonly replyTo: (message: string) => void;
  /** Tries a failed or refused reply again. */
  readonly retry: (entry: Entry) => void;
  /** Shows the branch that ends with this message. */
  readonly step: (leaf: string) => void;
}

interface ThreadContextValue {
  /** Null if the thread is read-only. */
  readonly actions: ThreadActions | null;
  /** Whether a reply is running, so that no other can be started. */
  readonly isBusy: boolean;
  /** The last step between branches, until the new branch is rendered. */
  readonly arrival: {
    current: {
      readonly position: number;
      readonly count: number;
      readonly isForward: boolean;
    } | null;
  };
  /** The time to the first token of a message in milliseconds; null if the page did not see it start. */
  readonly waitedMs: (message: string) => number | null;
}

export const ThreadContext = createContext<ThreadContextValue>({
  actions: null,
  isBusy: false,
  arrival: { current: null },
  waitedMs: () => null,
});
