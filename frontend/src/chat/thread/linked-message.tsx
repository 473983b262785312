import { type RefObject, useEffect, useRef } from "react";
import type { Message } from "../../api/schema";
import { entriesOf } from "../state/entries";
import { type MessageTree, newestBehind } from "../state/message-tree";

// Rows above it are measured when they come near: the place is looked for again in so many frames.
const FRAMES_TO_SETTLE = 12;

const MARKED_MS = 1_800;

interface LinkedMessageProps {
  /** The message that the address names; null: none. */
  readonly message: string | null;
  /** Changes when it is linked to once more. */
  readonly visit: unknown;
  readonly tree: MessageTree<Message>;
  /** The last message of the branch that is shown. */
  readonly leaf: string | null;
  readonly scroller: RefObject<HTMLElement | null>;
  /** Shows the branch that ends with this message. */
  readonly onBranch: (leaf: string) => void;
  /** The message is shown, and the thread is to stay there. */
  readonly onFound: () => void;
  /** It has come to rest. */
  readonly onSettled: () => void;
}

/**
 * Scrolls to the message that the address names, on whichever branch it is, and marks it shortly. It stands
 * beside the thread, and looks for the message once that is drawn.
 */
export default function LinkedMessage(props: LinkedMessageProps): null {
  const { message, visit, tree, leaf, scroller, onBranch, onFound, onSettled } = props;
  const shown = useRef<Link>(null);
  const requested = useRef<Link>(null);
  useEffect(() => {
    if (message === null || !tree.byId.has(message)) return;
    const link = { message, visit };
    if (isSameLink(shown.current, link)) return;
    const entry = entriesOf(tree, leaf).find(({ messages }) =>
      messages.some(({ id }) => id === message),
    );
    if (entry === undefined) {
      if (!isSameLink(requested.current, link)) onBranch(newestBehind(tree, message));
      requested.current = link;
      return;
    }
    shown.current = link;
    onFound();
    const row = scroller.current?.querySelector(`[data-row="${CSS.escape(entry.key)}"]`);
    if (row != null) bringIntoView(row, onSettled);
  }, [message, visit, tree, leaf, scroller, onBranch, onFound, onSettled]);
  return null;
}

type Link = Pick<LinkedMessageProps, "message" | "visit">;

function isSameLink(one: Link | null, other: Link): boolean {
  return one?.message === other.message && one.visit === other.visit;
}

function bringIntoView(row: Element, onSettled: () => void): void {
  let frames = 0;
  const look = () => {
    row.scrollIntoView({ block: "start", behavior: "instant" });
    frames += 1;
    if (frames < FRAMES_TO_SETTLE) requestAnimationFrame(look);
    else onSettled();
  };
  look();
  row.classList.add("linked");
  setTimeout(() => row.classList.remove("linked"), MARKED_MS);
}
