import { RefreshCw, StepForward } from "lucide-react";
import { use } from "react";
import { isRunning, type Reply } from "../../generation/fold";
import { useLanguage } from "../../language/language-context";
import { Button } from "../../ui/button";
import { MessageButton } from "../../ui/icon-button";
import { type Entry, lastMessage } from "../state/entries";
import { ThreadContext } from "../state/thread-context";
import { CopyButton } from "./copy-button";

interface ReplyActionsProps {
  readonly entry: Entry;
  readonly reply: Reply;
  /** Everything that it says. */
  readonly text: string;
  /** Whether the server has it. */
  readonly isKnown: boolean;
  readonly isLast: boolean;
}

/** What can be done with a reply: those of the last one are always to be seen. */
export function ReplyActions({ entry, reply, text, isKnown, isLast }: ReplyActionsProps) {
  const { say } = useLanguage();
  const { actions, isBusy } = use(ThreadContext);
  // Where they have a line of their own, it is there before them: nothing moves when the reply ends.
  if (isRunning(reply) || !isKnown) return <div className="min-h-9 sm:hidden" />;
  const question = entry.messages[0].parent;
  return (
    <div className="-mr-2.5 ml-auto">
      <div className={isLast ? "flex items-center" : "quiet-actions"}>
        {actions !== null && text !== "" && isCutShort(reply) && (
          <Button
            look="quiet"
            data-testid="continue"
            disabled={isBusy}
            onClick={() => actions.goOn(lastMessage(entry).id)}
          >
            <StepForward className="size-4" aria-hidden="true" />
            {say("continue")}
          </Button>
        )}
        {text !== "" && <CopyButton read={() => text} />}
        {actions !== null && question !== null && (
          <MessageButton
            data-testid="regenerate"
            icon={RefreshCw}
            label={say("anotherReply")}
            disabled={isBusy}
            onClick={() => actions.answer(question)}
          />
        )}
      </div>
    </div>
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
