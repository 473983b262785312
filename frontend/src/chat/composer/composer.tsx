import { ArrowUp, Square } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { useLanguage } from "../../language/language-context";
import { Button } from "../../ui/button";
import { focus } from "../../ui/focus";
import { MessageForm } from "./message-form";

interface ComposerProps {
  readonly draft: string;
  readonly onDraft: (draft: string) => void;
  readonly isRunning: boolean;
  /** Whether the conversation has been loaded. */
  readonly isReady: boolean;
  readonly onSend: (message: string) => void;
  readonly onStop: () => void;
  /** Controls beside the send button. */
  readonly children: ReactNode;
}

/** The message box. While a reply runs, it is disabled and has a Stop button. */
export function Composer(props: ComposerProps) {
  const { draft, onDraft, isRunning, isReady, onSend, onStop, children } = props;
  const { say } = useLanguage();
  const box = useRef<HTMLTextAreaElement>(null);
  const canSend = isReady && !isRunning && draft.trim() !== "";

  useEffect(() => {
    if (!isRunning && mayTakeFocus()) focus(box.current);
  }, [isRunning]);

  return (
    <MessageForm
      box={box}
      text={draft}
      onText={onDraft}
      canSend={canSend}
      onSend={onSend}
      className="transition focus-within:shadow-md"
      field={{
        "data-testid": "composer-input",
        "aria-label": say("message"),
        disabled: isRunning,
        placeholder: say(isRunning ? "waitingForEnd" : "writeMessage"),
        className: "max-h-[min(24rem,40dvh)] placeholder:text-quiet disabled:cursor-not-allowed",
      }}
    >
      <div className="flex items-center justify-between gap-3">
        <div className="flex min-w-0 items-center gap-1">{children}</div>
        {/* With keys, React does not turn one button, and its focus, into the other. */}
        {isRunning ? (
          <Button
            key="stop"
            look="outline"
            data-testid="stop"
            // A double click on Send must not stop the reply.
            onClick={(event) => event.detail < 2 && onStop()}
            title={say("stopByKey")}
          >
            <Square className="size-3.5 fill-current" aria-hidden="true" />
            {say("stop")}
          </Button>
        ) : (
          <Button key="send" look="primary" type="submit" data-testid="send" disabled={!canSend}>
            <ArrowUp className="size-4" aria-hidden="true" />
            {say("send")}
          </Button>
        )}
      </div>
    </MessageForm>
  );
}

/** Not while the person uses another control or has selected text. */
function mayTakeFocus(): boolean {
  const active = document.activeElement;
  const isFree = active === null || active.matches("body, [data-end]");
  return isFree && (getSelection()?.isCollapsed ?? true);
}
