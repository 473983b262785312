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

/** Says aloud when a reply starts and ends, and not every word in between. */
export function Announcer({ status }: { status: ReplyStatus | null }) {
  return (
    <p role="status" className="sr-only">
      {status === null ? "" : WORDS[status]}
    </p>
  );
}
