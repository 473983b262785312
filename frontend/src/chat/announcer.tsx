import { useState } from "react";
import type { ReplyStatus } from "../generation/fold";
import { useLanguage } from "../language/language-context";
import type { PlainKey } from "../language/translation";

const WORDS = {
  waiting: "replyStarted",
  streaming: "replyStarted",
  completed: "replyComplete",
  cancelled: "replyStopped",
  // A failure is an alert of its own.
  failed: null,
  interrupted: null,
} as const satisfies Record<ReplyStatus, PlainKey | null>;

/**
 * Announces to screen readers that a reply has started or ended, but not its words.
 *
 * @param status - of the last reply; null keeps the last announcement
 */
export function Announcer({ status }: { status: ReplyStatus | null }) {
  const { say } = useLanguage();
  const [words, setWords] = useState<(typeof WORDS)[ReplyStatus]>(null);
  const now = status === null ? words : WORDS[status];
  if (now !== words) setWords(now);
  return (
    <p role="status" className="sr-only select-none">
      {now !== null && say(now)}
    </p>
  );
}
