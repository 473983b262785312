import { createContext } from "react";
import type { Message } from "../../api/schema";
import type { Entry } from "./entries";

/** What a person can do with the messages of a thread. */
export interface ThreadActions {
  /** Asks `text` in the place of a question, on a branch of its own. */
  readonly edit: (question: Pick<Message, "parent">, text: string) => void;
  /** Lets the model that is chosen now answer a question, once more. */
  readonly answer: (question: string) => void;
  /** Lets the model that is chosen now go on with a reply. */
  readonly goOn: (reply: string) => void;
  /** Tries again what failed. */
  readonly retry: (entry: Entry) => void;
  /** Shows the branch that ends with this message. */
  readonly step: (leaf: string) => void;
}

/** Where a step leads: the branch, and the button that led there. */
interface Arrival {
  readonly position: number;
  readonly count: number;
  readonly isForth: boolean;
}

export interface ThreadContextValue {
  /** Null where the thread can only be read. */
  readonly actions: ThreadActions | null;
  /** A reply runs: what would begin another one has to wait. */
  readonly isBusy: boolean;
  /** A step that was made, until the branch is drawn to which it leads. */
  readonly arrival: { current: Arrival | null };
  /** How long the page waited for the first token of a message, in milliseconds; null when it did not see it. */
  readonly waitedMs: (message: string) => number | null;
}

export const ThreadContext = createContext<ThreadContextValue>({
  actions: null,
  isBusy: false,
  arrival: { current: null },
  waitedMs: () => null,
});
