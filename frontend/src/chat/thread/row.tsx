import { memo } from "react";
import type { LiveReply } from "../../generation/following/live-reply";
import { useLanguage } from "../../language/language-context";
import { type Entry, isSameEntry, lastMessage } from "../state/entries";
import { savedStatus } from "../state/use-reply";
import { AssistantMessage } from "./assistant-message";
import { UserMessage } from "./user-message";

interface RowProps {
  readonly entry: Entry;
  readonly live: LiveReply | undefined;
  readonly isLast: boolean;
  /** Otherwise the row has only its source as plain text. */
  readonly isDrawn: boolean;
}

/** One entry of a thread. */
export const Row = memo(
  function Row({ entry, live, isLast, isDrawn }: RowProps) {
    const { say } = useLanguage();
    return (
      <div data-row={entry.key} className="row">
        <h2 className="sr-only select-none">{say(entry.role === "user" ? "you" : "reply")}</h2>
        {!isDrawn && <Source entry={entry} />}
        {isDrawn && entry.role === "user" && <UserMessage entry={entry} isLast={isLast} />}
        {isDrawn && entry.role === "assistant" && (
          <AssistantMessage entry={entry} live={live} isLast={isLast} />
        )}
      </div>
    );
  },
  (before, after) =>
    before.live === after.live &&
    before.isLast === after.isLast &&
    before.isDrawn === after.isDrawn &&
    isSameEntry(before.entry, after.entry),
);

/** The plain text of a message, which the browser's search finds. */
function Source({ entry }: { entry: Entry }) {
  const { say } = useLanguage();
  const text = entry.messages.map(({ text }) => text).join("");
  const message = lastMessage(entry);
  const isReply = entry.role === "assistant";
  return (
    <article
      data-testid={`message-${entry.role}`}
      data-message={message.id}
      data-status={isReply ? savedStatus(message) : undefined}
      aria-label={say(isReply ? "reply" : "you")}
    >
      <div data-testid={isReply ? "reply-text" : undefined}>{text}</div>
    </article>
  );
}

const LINE_PX = 26;
const CHARACTERS_A_LINE = 84;
const BESIDES_PX = 96;

/** The estimated height of a row in pixels before it is drawn. */
export function estimatedHeight({ messages, role }: Entry): number {
  const sum = messages.reduce((characters, { text }) => characters + text.length, 0);
  // Long user messages are folded.
  const characters = role === "user" ? Math.min(sum, 1_000) : sum;
  return BESIDES_PX + LINE_PX * Math.ceil((characters + 1) / CHARACTERS_A_LINE);
}
