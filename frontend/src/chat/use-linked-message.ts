import { type RefObject, useEffect, useRef } from "react";
import type { Message } from "../api/schema";
import type { Entry } from "./entries";
import { type MessageTree, newestBehind } from "./message-tree";

// Rows above it are measured when they come near: the place is looked for again in so many frames.
const FRAMES_TO_SETTLE = 12;

interface LinkedMessage {
  /** The message that the address names; null: none. */
  readonly message: string | null;
  readonly tree: MessageTree<Message>;
  readonly entries: readonly Entry[];
  readonly scroller: RefObject<HTMLElement | null>;
  /** Shows the branch that ends with this message. */
  readonly onBranch: (leaf: string) => void;
  /** The message is shown, and the thread is to stay there. */
  readonly onFound: () => void;
}

/** Scrolls to the message that the address names, on whichever branch it is, and marks it shortly. */
export function useLinkedMessage(linked: LinkedMessage): void {
  const { message, tree, entries, scroller, onBranch, onFound } = linked;
  const shown = useRef<string>(null);
  const asked = useRef<string>(null);
  useEffect(() => {
    if (message === null) shown.current = asked.current = null;
    if (message === null || shown.current === message || !tree.byId.has(message)) return;
    const entry = entries.find(({ parts }) => parts.some(({ id }) => id === message));
    if (entry === undefined) {
      if (asked.current !== message) onBranch(newestBehind(tree, message));
      asked.current = message;
      return;
    }
    shown.current = message;
    onFound();
    const row = scroller.current?.querySelector(`[data-row="${CSS.escape(entry.key)}"]`);
    if (row != null) bringIntoView(row);
  }, [message, tree, entries, scroller, onBranch, onFound]);
}

function bringIntoView(row: Element): void {
  let frames = 0;
  const look = () => {
    row.scrollIntoView({ block: "start", behavior: "instant" });
    frames += 1;
    if (frames < FRAMES_TO_SETTLE) requestAnimationFrame(look);
  };
  look();
  row.classList.remove("linked");
  row.classList.add("linked");
  row.addEventListener("animationend", () => row.classList.remove("linked"), { once: true });
}
