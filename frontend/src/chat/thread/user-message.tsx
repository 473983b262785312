import { Pencil, RotateCcw } from "lucide-react";
import { lazy, use, useRef } from "react";
import { useLanguage } from "../../language/language-context";
import { Button } from "../../ui/button";
import { loadThen } from "../../ui/load-then";
import { MessageButton } from "../../ui/message-button";
import { Optional } from "../../ui/optional-boundary";
import type { Entry } from "../state/entries";
import { ThreadContext } from "../state/thread-context";
import { Forks } from "./branch-stepper";
import { Bubble } from "./bubble";
import { CopyButton } from "./copy-button";
import { useEdit } from "./use-edit";

const loadEditBox = () => import("./edit-box");
const EditBox = lazy(loadEditBox);

interface UserMessageProps {
  readonly entry: Entry;
  readonly isLast: boolean;
}

export function UserMessage({ entry, isLast }: UserMessageProps) {
  const { say } = useLanguage();
  const { actions, isBusy } = use(ThreadContext);
  const [message] = entry.messages;
  const { written, ...edit } = useEdit(message.id, message.text, actions !== null);
  // The edit box takes the focus when it is opened, but not when a saved edit is restored.
  const takesFocus = useRef(false);
  const returnsFocus = useRef(false);
  const save = (text: string) => {
    edit.end();
    actions?.edit(message, text);
  };
  const bubble = <Bubble text={message.text} />;
  return (
    <article
      data-testid="message-user"
      data-message={message.id}
      aria-label={say("you")}
      className="group flex flex-col items-end pl-8 sm:pl-4"
    >
      {written !== null ? (
        <>
          {/* A saved edit is restored at once; its box loads later or not at all. */}
          <Optional fallback={bubble}>
            <EditBox
              written={written}
              takesFocus={takesFocus.current}
              onWrite={edit.write}
              mayBeSaved={!isBusy}
              onSave={save}
              onCancel={() => {
                returnsFocus.current = true;
                edit.end();
              }}
            />
          </Optional>
          <Forks forks={entry.forks} />
        </>
      ) : (
        // The actions are beside the message; on a phone they are on the line of its branches.
        <div className="flex w-full flex-wrap items-center justify-end gap-x-1">
          <div className="flex min-w-0 basis-full justify-end sm:order-2 sm:max-w-[calc(100%-5rem)] sm:basis-auto">
            {bubble}
          </div>
          <div className="quiet-actions order-3 shrink-0 sm:order-1">
            <CopyButton text={message.text} />
            {actions !== null && (
              <MessageButton
                ref={(button) => {
                  if (button !== null && returnsFocus.current) {
                    button.focus({ preventScroll: true });
                  }
                  returnsFocus.current = false;
                }}
                data-testid="edit"
                icon={Pencil}
                text="edit"
                disabled={isBusy}
                onClick={() =>
                  loadThen(loadEditBox, () => {
                    takesFocus.current = true;
                    edit.begin();
                  })
                }
              />
            )}
          </div>
          <div className="order-2 flex justify-end sm:order-3 sm:basis-full">
            <Forks forks={entry.forks} />
          </div>
        </div>
      )}
      {isLast && actions !== null && !isBusy && written === null && (
        <Button look="outline" data-testid="retry" onClick={() => actions.replyTo(message.id)}>
          <RotateCcw className="size-4" aria-hidden="true" />
          {say("getReply")}
        </Button>
      )}
    </article>
  );
}
