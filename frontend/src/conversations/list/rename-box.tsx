import { type KeyboardEvent, useRef } from "react";
import { useLanguage } from "../../language/language-context";

const LONGEST = 200;

interface RenameBoxProps {
  readonly title: string;
  /** Gets the trimmed title, or null if it stays the same. `byKey`: the row should take the focus. */
  readonly onDone: (title: string | null, byKey: boolean) => void;
}

/** A text field in place of the title. Enter and blur save, Escape cancels. */
export default function RenameBox({ title, onDone }: RenameBoxProps) {
  const { say } = useLanguage();
  const isDone = useRef(false);
  const end = (written: string | null, byKey: boolean) => {
    if (isDone.current) return;
    isDone.current = true;
    const next = written?.trim() ?? "";
    onDone(next === "" || next === title ? null : next, byKey);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    event.stopPropagation();
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter") end(event.currentTarget.value, true);
    if (event.key === "Escape") {
      // Escape must not also close the drawer or stop a reply.
      event.nativeEvent.stopImmediatePropagation();
      end(null, true);
    }
  };
  return (
    <input
      ref={focusAndSelect}
      data-testid="rename-input"
      aria-label={say("conversationTitle")}
      defaultValue={title}
      maxLength={LONGEST}
      onKeyDown={onKeyDown}
      onBlur={(event) => end(event.currentTarget.value, false)}
      className="h-9 w-full min-w-0 rounded-lg border border-accent bg-surface px-2 text-small outline-none"
    />
  );
}

function focusAndSelect(input: HTMLInputElement | null): void {
  input?.focus({ preventScroll: true });
  input?.select();
}
