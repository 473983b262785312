import { useState } from "react";
import type { ReplyStatus } from "../generation/fold";

const WORDS: Readonly<Record<ReplyStatus, string>> = {
  waiting: "The reply has started.",
  streaming: "The reply has started.",
  completed: "The reply is complete.",
  cancelled: "The reply was stopped.",
  // What failed says so itself, as an alert.
  failed: "",
  interrupted: "",
};

/**
 * Says aloud when a reply starts and ends, and not every word in between.
 *
 * @param status - how the reply stands that is followed; null leaves what was said
 */
export function Announcer({ status }: { status: ReplyStatus | null }) {
  const [words, setWords] = useState("");
  const now = status === null ? words : WORDS[status];
  if (now !== words) setWords(now);
  return (
    <p role="status" className="sr-only">
      {now}
    </p>
  );
}
