import { Pencil, RotateCcw } from "lucide-react";
import { lazy, use, useRef } from "react";
import { useLanguage } from "../../language/language-context";
import { Button } from "../../ui/button";
import { MessageButton } from "../../ui/icon-button";
import { Optional } from "../../ui/optional";
import { useLoad } from "../../ui/use-load";
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

/** What a person wrote. */
export function UserMessage({ entry, isLast }: UserMessageProps) {
  const { say } = useLanguage();
  const { actions, isBusy } = use(ThreadContext);
  const [message] = entry.messages;
  const { written, ...edit } = useEdit(message.id, message.text, actions !== null);
  // The focus goes where a person went, and not where one was left.
  const loadThen = useLoad();
  const enters = useRef(false);
  const returns = useRef(false);
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
          {/* An edit that was left is there when the page is loaded anew; the box for it comes later, or never. */}
          <Optional fallback={bubble}>
            <EditBox
              written={written}
              takesFocus={enters.current}
              onWrite={edit.write}
              mayBeSaved={!isBusy}
              onSave={save}
              onCancel={() => {
                returns.current = true;
                edit.end();
              }}
            />
          </Optional>
          <Forks forks={entry.forks} />
        </>
      ) : (
        // Beside the message there is room for its actions; where there is not, they share the line of its branches.
        <div className="flex w-full flex-wrap items-center justify-end gap-x-1">
          <div className="flex min-w-0 basis-full justify-end sm:order-2 sm:max-w-[calc(100%-5rem)] sm:basis-auto">
            {bubble}
          </div>
          <div className="quiet-actions order-3 shrink-0 sm:order-1">
            <CopyButton read={() => message.text} />
            {actions !== null && (
              <MessageButton
                ref={(button) => {
                  // From the box, the focus comes back to where it was opened.
                  if (button !== null && returns.current) button.focus({ preventScroll: true });
                  returns.current = false;
                }}
                data-testid="edit"
                icon={Pencil}
                label={say("edit")}
                disabled={isBusy}
                onClick={() =>
                  loadThen(loadEditBox, () => {
                    enters.current = true;
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
        <Button look="outline" data-testid="retry" onClick={() => actions.answer(message.id)}>
          <RotateCcw className="size-4" aria-hidden="true" />
          {say("getReply")}
        </Button>
      )}
    </article>
  );
}
