import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useMemo,
  useRef,
  useState,
} from "react";
import { useLanguage } from "../language/language-context";
import { lateModule } from "./late-module";

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

const { load: loadCard, useLate: useCard } = lateModule(async () => {
  const { ToastCard } = await import("./toast-card");
  return ToastCard;
});

type ShowToast = (toast: Toast) => void;

export interface ShownToast extends Toast {
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
  const Card = useCard();
  const [toasts, setToasts] = useState<readonly ShownToast[]>([]);
  const latest = useRef(0);
  const show = useCallback((toast: Toast) => {
    void loadCard();
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
        {Card && toasts.map((toast) => <Card key={toast.number} toast={toast} onClose={close} />)}
      </ul>
    </Showing>
  );
}
