import { Pencil, RotateCcw } from "lucide-react";
import { use, useState } from "react";
import { Button } from "../ui/button";
import { BranchStepper } from "./branch-stepper";
import { CopyButton } from "./copy-button";
import { EditBox } from "./edit-box";
import type { Entry } from "./entries";
import { IconButton } from "./icon-button";
import { ThreadContext } from "./thread-context";

interface QuestionProps {
  readonly entry: Entry;
  /** The server has not named it yet: nothing can be done with it. */
  readonly isUnnamed: boolean;
  readonly isLast: boolean;
}

/** What a person wrote. */
export function Question({ entry, isUnnamed, isLast }: QuestionProps) {
  const { actions, isBusy } = use(ThreadContext);
  const [isEdited, setEdited] = useState(false);
  const [message] = entry.parts;
  const save = (text: string) => {
    setEdited(false);
    actions?.edit(message, text);
  };
  return (
    <article
      data-testid="message-user"
      data-message={isUnnamed ? undefined : message.id}
      aria-label="You"
      className="group flex flex-col items-end pl-8 sm:pl-24"
    >
      {isEdited && !isBusy ? (
        <EditBox text={message.text} onSave={save} onCancel={() => setEdited(false)} />
      ) : (
        <p className="rounded-2xl rounded-br-md bg-accent-soft px-4 py-2 break-words whitespace-pre-wrap">
          {message.text}
        </p>
      )}
      {!isEdited && (
        <div className="mt-1 flex min-h-8 items-center gap-1">
          <div className="quiet-actions">
            <CopyButton read={() => message.text} />
            {actions !== null && (
              <IconButton
                data-testid="edit"
                icon={Pencil}
                label="Edit"
                disabled={isBusy || isUnnamed}
                onClick={() => setEdited(true)}
              />
            )}
          </div>
          {entry.forks.map((fork, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the forks of an entry keep their order
            <BranchStepper key={index} fork={fork} />
          ))}
        </div>
      )}
      {isLast && actions !== null && !isBusy && !isEdited && (
        <Button look="outline" data-testid="retry" onClick={() => actions.answer(message.id)}>
          <RotateCcw className="size-4" aria-hidden="true" />
          Get a reply
        </Button>
      )}
    </article>
  );
}
