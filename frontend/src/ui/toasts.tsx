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
import { onMissing } from "../missing-modules";
import { lateModule } from "./late-module";
import { Lost } from "./lost";

/** A short message that closes by itself, with at most one action. */
export interface Toast {
  readonly text: string;
  /** The toast stays until this settles, and is not shown at all if that is quick. */
  readonly until?: Promise<unknown>;
  readonly action?: {
    readonly label: string;
    readonly testId?: string;
    /** Whether the undo shortcut triggers it. */
    readonly undoes?: boolean;
    readonly onPress: () => void;
  };
}

const { load: loadCard, useLate: useCard } = lateModule(() => import("./toast-card"));

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

export function useToast(): ShowToast {
  return useShowing().show;
}

/** Triggers the undo action of the newest toast that has one; returns false if there is none. */
export function useToastAction(): () => boolean {
  return useShowing().act;
}

/** Whether an element is in a toast, even in one that has just closed. Pressing it must not close a dialog. */
export function isInToast(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("[data-toast]") !== null;
}

/** Shows toasts over its children. */
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
  useEffect(
    () =>
      onMissing((until) =>
        show({
          text: say("partLost"),
          ...(until && { until }),
          // Some browsers do not retry an import, and a newer server may have other modules.
          action: { label: say("reload"), onPress: () => location.reload() },
        }),
      ),
    [show, say],
  );
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
        {Card === null && toasts.length > 0 && (
          <li className="pointer-events-auto rounded-xl bg-surface pb-6 shadow-lg">
            <Lost text="partLost" />
          </li>
        )}
        {Card && toasts.map((toast) => <Card key={toast.number} toast={toast} onClose={close} />)}
      </ul>
    </Showing>
  );
}
