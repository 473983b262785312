import { useState } from "react";
import type { ReplyStatus } from "../generation/fold";
import { useLanguage } from "../language/language-context";
import type { PlainKey } from "../language/translation";

const WORDS = {
  waiting: "replyStarted",
  streaming: "replyStarted",
  completed: "replyComplete",
  cancelled: "replyStopped",
  // What failed says so itself, as an alert.
  failed: null,
  interrupted: null,
} as const satisfies Record<ReplyStatus, PlainKey | null>;

/**
 * Says aloud when a reply starts and ends, and not every word in between.
 *
 * @param status - how the reply stands that is followed; null leaves what was said
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
