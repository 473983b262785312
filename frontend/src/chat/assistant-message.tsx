import { RotateCcw, WifiOff } from "lucide-react";
import { isRunning, type Reply, replyStatus } from "../generation/fold";
import type { LiveReply } from "../generation/live-reply";
import type { End } from "../markdown/document";
import { Markdown } from "../markdown/markdown";
import { Button } from "../ui/button";
import { describeFailure } from "./describe";
import { Figures } from "./figures";
import { useReply } from "./use-reply";

interface AssistantMessageProps {
  readonly live: LiveReply;
  /** Undefined when another turn follows: only the last question can be asked again. */
  readonly onRetry: (() => void) | undefined;
}

/** A reply: what was thought, what was said, what went wrong, and how fast it came. */
export function AssistantMessage({ live, onRetry }: AssistantMessageProps) {
  const reply = useReply(live);
  const failure = describeFailure(reply.ending);
  return (
    <article
      data-testid="message-assistant"
      data-status={replyStatus(reply)}
      aria-label="Reply"
      aria-busy={isRunning(reply)}
    >
      {reply.reasoning !== "" && <Reasoning text={reply.reasoning} />}
      <div data-testid="reply-text">
        <Markdown text={reply.text} end={endOf(reply)} />
      </div>
      {failure !== null && (
        <Failure message={failure} onRetry={canBeTaken(reply) ? onRetry : undefined} />
      )}
      {reply.connection === "reconnecting" && <Reconnecting />}
      <Figures live={live} />
    </article>
  );
}

function endOf({ ending }: Reply): End {
  if (ending === null) return "open";
  return ending.status === "completed" ? "complete" : "cut";
}

function canBeTaken({ ending }: Reply): boolean {
  return ending?.status !== "refused" || !ending.problem.isFinal;
}

function Reasoning({ text }: { text: string }) {
  return (
    <details open className="mb-4 border-l-2 border-line pl-4 text-small text-quiet">
      <summary className="mb-1 w-fit cursor-pointer rounded font-medium">Reasoning</summary>
      <div
        data-testid="reasoning-text"
        className="flex max-h-48 flex-col-reverse overflow-y-auto whitespace-pre-wrap"
      >
        <span>{text}</span>
      </div>
    </details>
  );
}

function Failure({ message, onRetry }: { message: string; onRetry: (() => void) | undefined }) {
  return (
    <div className="mt-4 flex flex-wrap items-center justify-between gap-3 rounded-lg bg-danger-soft px-4 py-2">
      <p role="alert" data-testid="reply-error" className="text-small text-danger">
        {message}
      </p>
      {onRetry !== undefined && (
        <Button look="outline" data-testid="retry" onClick={onRetry}>
          <RotateCcw className="size-4" aria-hidden="true" />
          Retry
        </Button>
      )}
    </div>
  );
}

function Reconnecting() {
  return (
    <p
      data-testid="reconnecting"
      role="status"
      className="mt-3 flex items-center gap-2 text-small text-quiet"
    >
      <WifiOff className="size-4" aria-hidden="true" />
      Reconnecting. The reply goes on by itself.
    </p>
  );
}
