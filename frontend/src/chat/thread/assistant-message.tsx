import { RotateCcw, WifiOff } from "lucide-react";
import { use, useMemo, useState } from "react";
import { isRunning, type Reply, replyStatus } from "../../generation/fold";
import type { LiveReply } from "../../generation/following/live-reply";
import { addPart, textOf } from "../../generation/parts";
import type { Problem } from "../../generation/problem";
import { describeAdvice } from "../../language/describe-problem";
import { useLanguage } from "../../language/language-context";
import type { End } from "../../markdown/parse/document";
import { Button } from "../../ui/button";
import { type Entry, lastMessage, partsBefore } from "../state/entries";
import { sourceOf } from "../state/reply-source";
import { ThreadContext } from "../state/thread-context";
import { useReply } from "../state/use-reply";
import { useSecondsUntil } from "../use-now";
import { Forks } from "./branch-stepper";
import { describeFailure } from "./describe";
import { DetailsButton } from "./details-button";
import { Parts } from "./parts/parts";
import { ReplyActions } from "./reply-actions";
import { Stats } from "./stats";

interface AssistantMessageProps {
  readonly entry: Entry;
  /** The live reply, if the page follows it. */
  readonly live: LiveReply | undefined;
  readonly isLast: boolean;
}

export function AssistantMessage({ entry, live, isLast }: AssistantMessageProps) {
  const language = useLanguage();
  const { actions } = use(ThreadContext);
  const message = lastMessage(entry);
  const source = sourceOf(message, live);
  const reply = useReply(source);
  // A reply that had failed before it was shown is old: its failure is not announced.
  const [wasRunning, setWasRunning] = useState(false);
  if (isRunning(reply) && !wasRunning) setWasRunning(true);
  const failure = describeFailure(language, reply.ending);
  const earlier = useMemo(() => partsBefore(entry), [entry]);
  const parts = useMemo(() => reply.parts.reduce(addPart, earlier), [earlier, reply.parts]);
  const mayRetry = actions !== null && isLast && canSucceed(reply);
  return (
    <article
      data-testid="message-assistant"
      data-message={message.id}
      data-status={replyStatus(reply)}
      aria-label={language.say("reply")}
      aria-busy={isRunning(reply)}
      className="group"
    >
      {isLast && message.left_out > 0 && (
        <p
          data-testid="left-out"
          className="mb-4 border-l-2 border-line pl-4 text-small text-quiet"
        >
          {language.say("leftOut", { count: message.left_out })}
        </p>
      )}
      <Parts parts={parts} end={endOf(reply)} />
      {failure !== null && (
        <Failure
          message={failure}
          isNew={wasRunning}
          problem={reply.ending?.status === "refused" ? reply.ending.problem : null}
          onRetry={mayRetry ? () => actions.retry(entry) : undefined}
        />
      )}
      {reply.lostAt !== null && <Reconnecting />}
      <div className="mt-2 flex flex-wrap items-center gap-x-4">
        <Forks forks={entry.forks} />
        <div className="flex items-center gap-x-2 max-sm:order-last max-sm:w-full">
          <Stats source={source} />
          {reply.start !== null && <DetailsButton message={message.id} source={source} />}
        </div>
        <ReplyActions
          entry={entry}
          reply={reply}
          text={textOf(parts)}
          isKnown={live === undefined || reply.start !== null}
          isLast={isLast}
        />
      </div>
    </article>
  );
}

function endOf({ ending }: Reply): End {
  if (ending === null) return "open";
  return ending.status === "completed" ? "complete" : "cut";
}

/** Whether a retry of the same request can succeed. */
function canSucceed({ ending }: Reply): boolean {
  return ending?.status !== "refused" || !ending.problem.isFinal;
}

interface FailureProps {
  readonly message: string;
  /** Whether it is announced to screen readers. */
  readonly isNew: boolean;
  readonly problem: Problem | null;
  readonly onRetry: (() => void) | undefined;
}

/** What went wrong. Until a retry makes sense, the button counts the seconds; screen readers get the time once. */
function Failure({ message, isNew, problem, onRetry }: FailureProps) {
  const language = useLanguage();
  const { say } = language;
  const seconds = useSecondsUntil(problem?.retryAt ?? null);
  const advice = problem && describeAdvice(language, problem);
  return (
    <div className="mt-4 flex flex-wrap items-center justify-between gap-3 rounded-lg bg-danger-soft px-4 py-2">
      <p
        role={isNew ? "alert" : undefined}
        data-testid="reply-error"
        className="text-small text-danger"
      >
        {message}
        {advice !== null && (
          <span className={onRetry === undefined ? "" : "sr-only"}> {advice}</span>
        )}
      </p>
      {onRetry !== undefined && (
        <Button
          look="outline"
          data-testid="retry"
          disabled={seconds > 0}
          onClick={onRetry}
          className="tabular-nums disabled:text-quiet"
        >
          <RotateCcw className="size-4" aria-hidden="true" />
          {seconds > 0 ? say("retryIn", { seconds }) : say("retry")}
        </Button>
      )}
    </div>
  );
}

function Reconnecting() {
  const { say } = useLanguage();
  return (
    <p
      data-testid="reconnecting"
      role="status"
      className="mt-3 flex items-center gap-2 text-small text-quiet"
    >
      <WifiOff className="size-4" aria-hidden="true" />
      {say("reconnecting")}
    </p>
  );
}
