import type { ComponentProps, KeyboardEvent, ReactNode, RefObject, SyntheticEvent } from "react";
import { isComposing, isSending, useGrowth } from "./composing";

interface MessageFormProps {
  readonly box: RefObject<HTMLTextAreaElement | null>;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly canSend: boolean;
  readonly onSend: (text: string) => void;
  readonly onEscape?: () => void;
  readonly className: string;
  readonly field: ComponentProps<"textarea"> & { readonly "data-testid": string };
  readonly children: ReactNode;
}

/** A box for a message, which grows with its text, and its buttons. */
export function MessageForm(props: MessageFormProps) {
  const { box, text, onText, canSend, onSend, onEscape, className, field, children } = props;
  useGrowth(box, text);
  const send = (event: SyntheticEvent) => {
    event.preventDefault();
    if (canSend) onSend(text);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (isSending(event)) return send(event);
    if (event.key !== "Escape" || isComposing(event) || onEscape === undefined) return;
    event.preventDefault();
    onEscape();
  };
  return (
    <form
      onSubmit={send}
      className={`rounded-2xl border border-line bg-surface p-2 shadow-sm focus-within:border-accent ${className}`}
    >
      <textarea
        {...field}
        ref={box}
        rows={1}
        value={text}
        dir="auto"
        onChange={(event) => onText(event.target.value)}
        onKeyDown={onKeyDown}
        className={`field-sizing-content min-h-10 w-full resize-none bg-transparent px-2 py-1.5 text-body outline-none ${field.className}`}
      />
      {children}
    </form>
  );
}
