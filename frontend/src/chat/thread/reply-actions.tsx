import { RefreshCw, StepForward } from "lucide-react";
import { use } from "react";
import { isRunning, type Reply } from "../../generation/fold";
import { useLanguage } from "../../language/language-context";
import { Button } from "../../ui/button";
import { MessageButton } from "../../ui/message-button";
import { type Entry, lastMessage } from "../state/entries";
import { ThreadContext } from "../state/thread-context";
import { CopyButton } from "./copy-button";

interface ReplyActionsProps {
  readonly entry: Entry;
  readonly reply: Reply;
  readonly text: string;
  /** Whether the server has the reply. */
  readonly isKnown: boolean;
  readonly isLast: boolean;
}

/** The actions of a reply. Those of the last reply are always visible. */
export function ReplyActions({ entry, reply, text, isKnown, isLast }: ReplyActionsProps) {
  const { say } = useLanguage();
  const { actions, isBusy } = use(ThreadContext);
  // On a phone the actions have their own line. It is reserved while the reply runs, so that nothing moves.
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
            onClick={() => actions.replyTo(lastMessage(entry).id)}
          >
            <StepForward className="size-4" aria-hidden="true" />
            {say("continue")}
          </Button>
        )}
        {text !== "" && <CopyButton text={text} />}
        {actions !== null && question !== null && (
          <MessageButton
            data-testid="regenerate"
            icon={RefreshCw}
            text="anotherReply"
            disabled={isBusy}
            onClick={() => actions.replyTo(question)}
          />
        )}
      </div>
    </div>
  );
}

function isCutShort({ ending }: Reply): boolean {
  if (ending?.status === "completed") return ending.reason === "length";
  return ending !== null && ending.status !== "refused";
}
