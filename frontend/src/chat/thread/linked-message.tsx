import { type RefObject, use, useEffect, useRef } from "react";
import type { Message } from "../../api/schema";
import { newestDescendant } from "../state/branches";
import { entriesOf } from "../state/entries";
import type { MessageTree } from "../state/message-tree";
import { ThreadContext } from "../state/thread-context";

// Rows above the message change their height when they are drawn, so the scrolling is repeated in this many frames.
const FRAMES_TO_SETTLE = 12;

const MARKED_MS = 1_800;

interface LinkedMessageProps {
  readonly message: string;
  /** Changes when the message is linked to again. */
  readonly visit: unknown;
  readonly tree: MessageTree<Message>;
  /** The leaf of the shown branch. */
  readonly leaf: string | null;
  readonly scroller: RefObject<HTMLElement | null>;
  /** Called before the thread scrolls to the message. */
  readonly onFound: () => void;
  /** Called when the scrolling is complete. */
  readonly onSettled: () => void;
}

/** Scrolls to the message of a link, on whichever branch it is, and highlights it for a moment. */
export default function LinkedMessage(props: LinkedMessageProps): null {
  const { message, visit, tree, leaf, scroller, onFound, onSettled } = props;
  const { actions } = use(ThreadContext);
  const shown = useRef<Link>(null);
  const requested = useRef<Link>(null);
  useEffect(() => {
    if (!tree.byId.has(message)) return;
    const link = { message, visit };
    if (isSameLink(shown.current, link)) return;
    const entry = entriesOf(tree, leaf).find(({ messages }) =>
      messages.some(({ id }) => id === message),
    );
    if (entry === undefined) {
      if (!isSameLink(requested.current, link)) actions?.step(newestDescendant(tree, message));
      requested.current = link;
      return;
    }
    shown.current = link;
    onFound();
    const row = scroller.current?.querySelector(`[data-row="${CSS.escape(entry.key)}"]`);
    if (row != null) bringIntoView(row, onSettled);
  }, [message, visit, tree, leaf, scroller, actions, onFound, onSettled]);
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
