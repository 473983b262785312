import { type RefObject, useMemo } from "react";
import type { Message } from "../../api/schema";
import type { LiveReply } from "../../generation/following/live-reply";
import { useLanguage } from "../../language/language-context";
import { useNearViewport, useViewportObserver, ViewportContext } from "../scroll/use-near-viewport";
import { type Entry, entriesOf, lastMessage } from "../state/entries";
import type { MessageTree } from "../state/message-tree";
import { estimatedHeight, Row } from "./row";

// What a browser watches costs time in every frame: groups of rows are watched instead of each row.
const GROUP_SIZE = 16;

interface ThreadProps {
  readonly tree: MessageTree<Message>;
  /** The last message of the branch that is shown. */
  readonly leaf: string | null;
  /** The replies that this page follows, by the id of their message. */
  readonly replies: ReadonlyMap<string, LiveReply>;
  /** Holds null where the page itself scrolls. */
  readonly scroller: RefObject<Element | null>;
  /** Makes a change of rows without moving what is seen. */
  readonly keepPosition: (change: () => void) => void;
}

/** The conversation so far, as a log that assistive technology can be asked for but does not recite. */
export function Thread({ tree, leaf, replies, scroller, keepPosition }: ThreadProps) {
  const entries = useMemo(() => entriesOf(tree, leaf), [tree, leaf]);
  const { say } = useLanguage();
  const near = useViewportObserver(scroller, keepPosition);
  const groups = inGroups(entries);
  return (
    <div role="log" aria-live="off" aria-label={say("conversation")} className="flow-root">
      <ViewportContext value={near}>
        {groups.map((group, index) => (
          <Group
            // biome-ignore lint/suspicious/noArrayIndexKey: entries are only ever added at the end
            key={index}
            entries={group}
            replies={replies}
            // A thread is opened at its end; the last group may have only one row.
            isAtEnd={index >= groups.length - 2}
            last={entries.at(-1)}
          />
        ))}
      </ViewportContext>
      {/* The focus waits here while the box cannot have it: keys that scroll move the thread, and Tab goes on below it. */}
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
 * Some rows of a thread. Far from what is seen they are only their sources, in a place of a height that
 * is guessed: that costs next to nothing, and can still be found, selected and linked to. They are drawn
 * when they come near, and stay so.
 */
function Group({ entries, replies, isAtEnd, last }: GroupProps) {
  const { element, isNear } = useNearViewport<HTMLDivElement>(isAtEnd);
  return (
    <div
      ref={element}
      data-rows
      className={isNear ? undefined : "rows-far"}
      style={isNear ? undefined : { blockSize: sum(entries.map(estimatedHeight)) }}
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

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
