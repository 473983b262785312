import { type KeyboardEvent, useEffect, useRef } from "react";
import { useLanguage } from "../../language/language-context";
import { Button } from "../../ui/button";
import { isComposing, isSending, useGrowth } from "../composer/composing";

interface EditBoxProps {
  readonly written: string;
  readonly onWrite: (written: string) => void;
  readonly takesFocus: boolean;
  /** False while a reply runs. */
  readonly mayBeSaved: boolean;
  readonly onSave: (text: string) => void;
  readonly onCancel: () => void;
}

/** Edits a user message in place. */
export default function EditBox(props: EditBoxProps) {
  const { written, onWrite, takesFocus, mayBeSaved, onSave, onCancel } = props;
  const { say } = useLanguage();
  const box = useRef<HTMLTextAreaElement>(null);
  useGrowth(box, written);
  const canSave = mayBeSaved && written.trim() !== "";
  useEffect(() => {
    if (!takesFocus) return;
    box.current?.focus({ preventScroll: true });
    box.current?.setSelectionRange(box.current.value.length, box.current.value.length);
  }, [takesFocus]);
  const save = () => {
    if (canSave) onSave(written);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event)) return;
    if (event.key === "Escape") {
      event.preventDefault();
      onCancel();
    } else if (isSending(event)) {
      event.preventDefault();
      save();
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
      className="w-full rounded-2xl border border-line bg-surface p-2 shadow-sm transition-colors focus-within:border-accent"
    >
      <textarea
        ref={box}
        data-testid="edit-input"
        aria-label={say("editMessage")}
        rows={1}
        value={written}
        dir="auto"
        onChange={(event) => onWrite(event.target.value)}
        onKeyDown={onKeyDown}
        className="field-sizing-content max-h-96 min-h-10 w-full resize-none bg-transparent px-2 py-1.5 text-body outline-none"
      />
      <div className="flex flex-wrap items-center justify-end gap-2">
        <Button look="quiet" data-testid="edit-cancel" onClick={onCancel}>
          {say("cancel")}
        </Button>
        <Button look="primary" type="submit" data-testid="edit-save" disabled={!canSave}>
          {say("saveAndSend")}
        </Button>
      </div>
    </form>
  );
}
