import { RefreshCw, StepForward } from "lucide-react";
import { use } from "react";
import { isRunning, type Reply } from "../generation/fold";
import { BranchStepper } from "./branch-stepper";
import { CopyButton } from "./copy-button";
import { before, type Entry, lastPart } from "./entries";
import { IconButton } from "./icon-button";
import { ThreadContext } from "./thread-context";

interface ReplyActionsProps {
  readonly entry: Entry;
  readonly reply: Reply;
  readonly isUnnamed: boolean;
  readonly isLast: boolean;
}

/** What can be done with a reply: those of the last one are always to be seen. */
export function ReplyActions({ entry, reply, isUnnamed, isLast }: ReplyActionsProps) {
  const { actions, isBusy } = use(ThreadContext);
  if (isRunning(reply) || isUnnamed) return null;
  const question = entry.parts[0].parent;
  const isDisabled = isBusy || isUnnamed;
  return (
    <>
      <div className={isLast ? "flex items-center" : "quiet-actions"}>
        <CopyButton read={() => before(entry, "text") + reply.text} />
        {actions !== null && question !== null && (
          <IconButton
            data-testid="regenerate"
            icon={RefreshCw}
            label="Another reply"
            disabled={isDisabled}
            onClick={() => actions.answer(question)}
          />
        )}
        {actions !== null && isCutShort(reply) && (
          <IconButton
            data-testid="continue"
            icon={StepForward}
            label="Continue"
            disabled={isDisabled}
            onClick={() => actions.goOn(lastPart(entry).id)}
          />
        )}
      </div>
      {entry.forks.map((fork, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the forks of an entry keep their order
        <BranchStepper key={index} fork={fork} />
      ))}
    </>
  );
}

/** There was more to say, or may have been. */
function isCutShort({ ending }: Reply): boolean {
  switch (ending?.status) {
    case "cancelled":
    case "interrupted":
    case "failed":
      return true;
    case "completed":
      return ending.reason === "length";
    default:
      return false;
  }
}
