import { X } from "lucide-react";
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useLanguage } from "../language/language-context";

const LASTS_MS = 6_000;
const WITH_ACTION_MS = 10_000;

/** A short message that goes away by itself, with one thing to do about it at most. */
export interface Toast {
  readonly text: string;
  /** It says that this goes on, and stays until it has settled. What is quick is not spoken of. */
  readonly until?: Promise<unknown>;
  readonly action?: {
    readonly label: string;
    readonly testId?: string;
    /** It takes something back, which a key can do as well. */
    readonly undoes?: boolean;
    readonly onPress: () => void;
  };
}

type ShowToast = (toast: Toast) => void;

interface Shown extends Toast {
  readonly number: number;
}

interface Showing {
  readonly show: ShowToast;
  readonly act: () => boolean;
}

const Showing = createContext<Showing | null>(null);

function useShowing(): Showing {
  const showing = useContext(Showing);
  if (showing === null) throw new Error("toasts need <Toasts> around what shows them");
  return showing;
}

/** Shows a toast, in the place that `Toasts` keeps for them. */
export function useToast(): ShowToast {
  return useShowing().show;
}

/** Takes back what the newest toast offers to; answers whether any does. */
export function useToastAction(): () => boolean {
  return useShowing().act;
}

/**
 * Whether something is part of a toast, also of one that has just gone because it was pressed: that leaves a
 * dialog open, since it is not outside of it.
 */
export function isInToast(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("[data-toast]") !== null;
}

/** The place where toasts are shown, over everything inside it. */
export function Toasts({ children }: { children: ReactNode }) {
  const { say } = useLanguage();
  const [toasts, setToasts] = useState<readonly Shown[]>([]);
  const latest = useRef(0);
  const show = useCallback((toast: Toast) => {
    latest.current += 1;
    const shown = { ...toast, number: latest.current };
    setToasts((before) => [...before.slice(-2), shown]);
  }, []);
  const close = useCallback((number: number) => {
    setToasts((before) => before.filter((each) => each.number !== number));
  }, []);
  const shown = useRef(toasts);
  shown.current = toasts;
  const act = useCallback(() => {
    const newest = shown.current.findLast(({ action }) => action?.undoes === true);
    if (newest === undefined) return false;
    newest.action?.onPress();
    close(newest.number);
    return true;
  }, [close]);
  const showing = useMemo(() => ({ show, act }), [show, act]);
  return (
    <Showing value={showing}>
      {children}
      <ul
        aria-label={say("notices")}
        aria-live="polite"
        className="pointer-events-none fixed inset-x-0 bottom-34 z-50 flex flex-col items-center gap-2 px-4"
      >
        {toasts.map((toast) => (
          <ToastCard key={toast.number} toast={toast} onClose={close} />
        ))}
      </ul>
    </Showing>
  );
}

interface ToastCardProps {
  readonly toast: Shown;
  readonly onClose: (number: number) => void;
}

/** It waits while somebody points at it or has the focus in it. */
function ToastCard({ toast, onClose }: ToastCardProps) {
  const { say } = useLanguage();
  const { number, text, until, action } = toast;
  const [isHeld, setHeld] = useState(false);
  const cameFrom = useRef<Element>(null);
  const close = useCallback(() => onClose(number), [onClose, number]);
  // It goes, and with it what has the focus: that goes back to where it came from.
  const leave = () => {
    if (cameFrom.current instanceof HTMLElement) cameFrom.current.focus({ preventScroll: true });
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
