import { createContext, type RefObject, use, useEffect, useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";

/** Elements within this distance of the viewport count as near, as a share of its height. */
const MARGIN = "150%";

type Watch = (element: Element, onNear: () => void) => () => void;

/** Calls back once when an element comes near the viewport of its scroller. */
export const ViewportContext = createContext<Watch | null>(null);

/**
 * One observer for all elements in a scroller.
 *
 * @param scroller - contains null if the page itself scrolls
 * @param keepPosition - applies a change without moving what is visible
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

// Callbacks come two frames later. So elements that only pass by while somebody drags the scroll bar get none.
function viewportObserver(root: () => Element | null, keepPosition: (change: () => void) => void) {
  const waiting = new Map<Element, () => void>();
  const intersecting = new Set<Element>();
  let observer: IntersectionObserver | undefined;
  const forget = (element: Element) => {
    waiting.delete(element);
    intersecting.delete(element);
    observer?.unobserve(element);
  };
  const callBack = () => {
    const due = [...intersecting].map((element) => [element, waiting.get(element)] as const);
    for (const [element] of due) forget(element);
    if (due.length > 0) {
      keepPosition(() => flushSync(() => due.forEach(([, onNear]) => void onNear?.())));
    }
  };
  const onChange = (entries: readonly IntersectionObserverEntry[]) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) intersecting.add(target);
      else intersecting.delete(target);
    }
    if (intersecting.size > 0) requestAnimationFrame(() => requestAnimationFrame(callBack));
  };
  // Everything is printed.
  const onPrint = () => {
    for (const element of waiting.keys()) intersecting.add(element);
    callBack();
  };
  return {
    watch(element: Element, onNear: () => void) {
      observer ??= new IntersectionObserver(onChange, {
        root: root(),
        rootMargin: `${MARGIN} 0px`,
      });
      addEventListener("beforeprint", onPrint);
      waiting.set(element, onNear);
      observer.observe(element);
      return () => forget(element);
    },
    stop() {
      observer?.disconnect();
      removeEventListener("beforeprint", onPrint);
      observer = undefined;
      intersecting.clear();
    },
  };
}

/** Whether an element is or has been near the viewport. */
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
