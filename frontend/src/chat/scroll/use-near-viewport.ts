import { createContext, type RefObject, use, useEffect, useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";

// How far from what is seen a row is made ready, as a share of the height of what is seen.
const MARGIN = "150%";

type Watch = (element: Element, onVisible: () => void) => () => void;

/** Watches which rows come near to what is seen in a scroller; each is told of once. */
export const ViewportContext = createContext<Watch | null>(null);

/**
 * One observer for all rows in this scroller; it begins when the first row asks for it.
 *
 * @param scroller - holds null where the page itself scrolls
 * @param keepPosition - draws what has come near without moving what is seen
 */
export function useViewportObserver(
  scroller: RefObject<Element | null>,
  keepPosition: (change: () => void) => void,
): Watch {
  const watch = useMemo(
    () => viewportObserver(() => scroller.current, keepPosition),
    [scroller, keepPosition],
  );
  useEffect(() => watch.stop, [watch]);
  return watch.watch;
}

// What only flies past, when somebody drags the scroll bar, is gone again before its turn comes.
function viewportObserver(root: () => Element | null, keepPosition: (change: () => void) => void) {
  const waiting = new Map<Element, () => void>();
  const near = new Set<Element>();
  let observer: IntersectionObserver | undefined;
  const forget = (element: Element) => {
    waiting.delete(element);
    near.delete(element);
    observer?.unobserve(element);
  };
  const tellAll = () => {
    const due = [...near].map((element) => [element, waiting.get(element)] as const);
    for (const [element] of due) forget(element);
    if (due.length > 0) {
      keepPosition(() => flushSync(() => due.forEach(([, onVisible]) => void onVisible?.())));
    }
  };
  const onChange = (entries: readonly IntersectionObserverEntry[]) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) near.add(target);
      else near.delete(target);
    }
    if (near.size > 0) requestAnimationFrame(() => requestAnimationFrame(tellAll));
  };
  // On paper everything is seen.
  const onPrint = () => {
    for (const element of waiting.keys()) near.add(element);
    tellAll();
  };
  return {
    watch(element: Element, onVisible: () => void) {
      observer ??= new IntersectionObserver(onChange, {
        root: root(),
        rootMargin: `${MARGIN} 0px`,
      });
      addEventListener("beforeprint", onPrint);
      waiting.set(element, onVisible);
      observer.observe(element);
      return () => forget(element);
    },
    stop() {
      observer?.disconnect();
      removeEventListener("beforeprint", onPrint);
      observer = undefined;
      near.clear();
    },
  };
}

/** Whether an element has been near to what is seen. Once it has, that stays so. */
export function useNearViewport<E extends Element>(initially: boolean) {
  const watch = use(ViewportContext);
  const element = useRef<E>(null);
  const [isNear, setNear] = useState(initially || watch === null);
  useEffect(() => {
    if (isNear || watch === null || element.current === null) return;
    return watch(element.current, () => setNear(true));
  }, [isNear, watch]);
  return { element, isNear };
}
