import type { LiveReply } from "../generation/live-reply";
import { type Entry, lastPart } from "./entries";
import { Row } from "./row";

// Rows that are drawn at once where a thread is opened: more than a screen of them.
const AT_END = 8;

interface ThreadProps {
  readonly entries: readonly Entry[];
  /** The replies that this page follows, by the id of their message. */
  readonly replies: ReadonlyMap<string, LiveReply>;
  /** Ids of messages that only this page has given. */
  readonly unnamed: ReadonlySet<string>;
}

/** The conversation so far, as a log that assistive technology can be asked for but does not recite. */
export function Thread({ entries, replies, unnamed }: ThreadProps) {
  return (
    <div role="log" aria-live="off" aria-label="Conversation" className="grid gap-4">
      {entries.map((entry, index) => (
        <Row
          key={entry.key}
          entry={entry}
          live={replies.get(lastPart(entry).id)}
          isUnnamed={unnamed.has(lastPart(entry).id)}
          isLast={index === entries.length - 1}
          isAtEnd={index >= entries.length - AT_END}
        />
      ))}
    </div>
  );
}
