import { useEffect, useRef } from "react";
import { useLanguage } from "../../language/language-context";
import { Button } from "../../ui/button";
import { focus } from "../../ui/focus";
import { MessageForm } from "../composer/message-form";

interface EditBoxProps {
  readonly written: string;
  readonly onWrite: (written: string) => void;
  readonly takesFocus: boolean;
  /** False while a reply runs. */
  readonly mayBeSaved: boolean;
  readonly onSave: (text: string) => void;
  readonly onCancel: () => void;
}

export default function EditBox(props: EditBoxProps) {
  const { written, onWrite, takesFocus, mayBeSaved, onSave, onCancel } = props;
  const { say } = useLanguage();
  const box = useRef<HTMLTextAreaElement>(null);
  const canSave = mayBeSaved && written.trim() !== "";
  useEffect(() => {
    if (!takesFocus) return;
    focus(box.current);
    box.current?.setSelectionRange(box.current.value.length, box.current.value.length);
  }, [takesFocus]);
  return (
    <MessageForm
      box={box}
      text={written}
      onText={onWrite}
      canSend={canSave}
      onSend={onSave}
      onEscape={onCancel}
      className="w-full transition-colors"
      field={{
        "data-testid": "edit-input",
        "aria-label": say("editMessage"),
        className: "max-h-96",
      }}
    >
      <div className="flex flex-wrap items-center justify-end gap-2">
        <Button look="quiet" data-testid="edit-cancel" onClick={onCancel}>
          {say("cancel")}
        </Button>
        <Button look="primary" type="submit" data-testid="edit-save" disabled={!canSave}>
          {say("saveAndSend")}
        </Button>
      </div>
    </MessageForm>
  );
}
