import { X } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { useLanguage } from "../language/language-context";
import { focus } from "./focus";
import type { ShownToast } from "./toasts";

const LASTS_MS = 6_000;
const WITH_ACTION_MS = 10_000;

interface ToastCardProps {
  readonly toast: ShownToast;
  readonly onClose: (number: number) => void;
}

/** A toast. It does not close by itself while it has the pointer or the focus. */
export default function ToastCard({ toast, onClose }: ToastCardProps) {
  const { say } = useLanguage();
  const { number, text, until, action } = toast;
  const [isHeld, setHeld] = useState(false);
  const cameFrom = useRef<Element>(null);
  const close = useCallback(() => onClose(number), [onClose, number]);
  // The focused button disappears, so the focus returns to where it was before.
  const leave = () => {
    focus(cameFrom.current);
    close();
  };
  useEffect(() => void until?.then(close, close), [until, close]);
  useEffect(() => {
    if (isHeld || until !== undefined) return;
    const timer = setTimeout(close, action === undefined ? LASTS_MS : WITH_ACTION_MS);
    return () => clearTimeout(timer);
  }, [isHeld, until, action, close]);
  return (
    <li
      data-testid="toast"
      data-toast
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={({ currentTarget, relatedTarget }) => {
        setHeld(true);
        if (!currentTarget.contains(relatedTarget)) cameFrom.current = relatedTarget;
      }}
      onBlur={() => setHeld(false)}
      className={`pointer-events-auto transition duration-(--calm) starting:translate-y-2 starting:opacity-0 ${until === undefined ? "" : "late"} flex max-w-full items-center gap-1 rounded-xl bg-ink py-1 pr-1 pl-4 text-small text-paper shadow-lg`}
    >
      <p className="min-w-0 py-1.5 [overflow-wrap:anywhere]">{text}</p>
      {action !== undefined && (
        <button
          type="button"
          data-testid={action.testId}
          onClick={() => {
            action.onPress();
            leave();
          }}
          className="min-h-9 shrink-0 rounded-lg px-3 font-medium underline underline-offset-2 focus-visible:outline-paper"
        >
          {action.label}
        </button>
      )}
      <button
        type="button"
        aria-label={say("closeNotice")}
        onClick={leave}
        className="grid size-9 shrink-0 place-items-center rounded-lg opacity-80 hover:opacity-100 focus-visible:outline-paper"
      >
        <X className="size-4" aria-hidden="true" />
      </button>
    </li>
  );
}
