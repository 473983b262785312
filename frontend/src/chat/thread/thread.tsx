import { type RefObject, useMemo } from "react";
import type { Message } from "../../api/schema";
import type { LiveReply } from "../../generation/following/live-reply";
import { useLanguage } from "../../language/language-context";
import { useNearViewport, useViewportObserver, ViewportContext } from "../scroll/use-near-viewport";
import { type Entry, entriesOf, lastMessage } from "../state/entries";
import type { MessageTree } from "../state/message-tree";
import { estimatedHeight, Row } from "./row";

// Observing an element costs time in every frame, so groups of rows are observed.
const GROUP_SIZE = 16;

interface ThreadProps {
  readonly tree: MessageTree<Message>;
  /** The leaf of the shown branch. */
  readonly leaf: string | null;
  /** The replies that the page follows, by the id of their message. */
  readonly replies: ReadonlyMap<string, LiveReply>;
  /** Contains null if the page itself scrolls. */
  readonly scroller: RefObject<Element | null>;
  /** Applies a change of rows without moving what is visible. */
  readonly keepPosition: (change: () => void) => void;
}

/** The messages of a branch. The log is not live, because screen readers would read every word as it arrives. */
export default function Thread({ tree, leaf, replies, scroller, keepPosition }: ThreadProps) {
  const entries = useMemo(() => entriesOf(tree, leaf), [tree, leaf]);
  const { say } = useLanguage();
  const observe = useViewportObserver(scroller, keepPosition);
  const groups = inGroups(entries);
  return (
    <div role="log" aria-live="off" aria-label={say("conversation")} className="flow-root">
      <ViewportContext value={observe}>
        {groups.map((group, index) => (
          <Group
            // biome-ignore lint/suspicious/noArrayIndexKey: entries are only ever added at the end
            key={index}
            entries={group}
            replies={replies}
            // A thread opens at its end. Its last group may have only one row.
            isAtEnd={index >= groups.length - 2}
            last={entries.at(-1)}
          />
        ))}
      </ViewportContext>
      {/* Has the focus while the composer is disabled, so that keys scroll the thread. */}
      <div tabIndex={-1} data-end className="outline-none" />
    </div>
  );
}

interface GroupProps {
  readonly entries: readonly Entry[];
  readonly replies: ReadonlyMap<string, LiveReply>;
  readonly isAtEnd: boolean;
  /** The last entry of the thread. */
  readonly last: Entry | undefined;
}

/**
 * Some rows of a thread. Until they have been near the viewport they are plain text of an estimated height, which costs
 * little but can be searched, selected and linked to.
 */
function Group({ entries, replies, isAtEnd, last }: GroupProps) {
  const { element, isNear } = useNearViewport<HTMLDivElement>(isAtEnd);
  const height = () => entries.reduce((sum, entry) => sum + estimatedHeight(entry), 0);
  return (
    <div
      ref={element}
      data-rows
      className={isNear ? undefined : "rows-far"}
      style={isNear ? undefined : { blockSize: height() }}
    >
      {entries.map((entry) => (
        <Row
          key={entry.key}
          entry={entry}
          live={replies.get(lastMessage(entry).id)}
          isLast={entry === last}
          isDrawn={isNear}
        />
      ))}
    </div>
  );
}

function inGroups(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  return Array.from({ length: Math.ceil(entries.length / GROUP_SIZE) }, (_, index) =>
    entries.slice(index * GROUP_SIZE, (index + 1) * GROUP_SIZE),
  );
}
