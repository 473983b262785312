import { memo } from "react";
import { AssistantMessage } from "./assistant-message";
import type { Turn } from "./turn";

interface ThreadProps {
  readonly turns: readonly Turn[];
  readonly onRetry: () => void;
}

/** The conversation so far, as a log that assistive technology can be asked for but does not recite. */
export function Thread({ turns, onRetry }: ThreadProps) {
  return (
    <div role="log" aria-live="off" aria-label="Conversation" className="grid gap-8">
      {turns.map((turn, index) => (
        <div key={turn.key} className="grid min-w-0 gap-6">
          <UserMessage text={turn.question} />
          <AssistantMessage
            live={turn.reply}
            onRetry={index === turns.length - 1 ? onRetry : undefined}
          />
        </div>
      ))}
    </div>
  );
}

const UserMessage = memo(function UserMessage({ text }: { text: string }) {
  return (
    <article data-testid="message-user" aria-label="You" className="flex justify-end pl-8 sm:pl-24">
      <p className="rounded-2xl rounded-br-md bg-accent-soft px-4 py-2 break-words whitespace-pre-wrap">
        {text}
      </p>
    </article>
  );
});
