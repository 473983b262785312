import { createContext, type RefObject, use, useEffect, useMemo, useRef, useState } from "react";

// How far from what is seen a row is made ready, as a share of the height of what is seen.
const MARGIN = "150%";

type Watch = (element: Element, onNear: () => void) => () => void;

/** Watches which rows come near to what is seen in a scroller; each is told of once. */
export const NearContext = createContext<Watch | null>(null);

/** One observer for all rows in this scroller; it begins when the first row asks for it. */
export function useNearWatch(scroller: RefObject<Element | null>): Watch {
  const watch = useMemo(() => nearWatch(() => scroller.current), [scroller]);
  useEffect(() => watch.stop, [watch]);
  return watch.watch;
}

function nearWatch(root: () => Element | null) {
  const waiting = new Map<Element, () => void>();
  let observer: IntersectionObserver | undefined;
  const forget = (element: Element) => {
    waiting.delete(element);
    observer?.unobserve(element);
  };
  const onChange = (entries: readonly IntersectionObserverEntry[]) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      waiting.get(target)?.();
      forget(target);
    }
  };
  return {
    watch(element: Element, onNear: () => void) {
      observer ??= new IntersectionObserver(onChange, {
        root: root(),
        rootMargin: `${MARGIN} 0px`,
      });
      waiting.set(element, onNear);
      observer.observe(element);
      return () => forget(element);
    },
    stop() {
      observer?.disconnect();
      observer = undefined;
    },
  };
}

/** Whether an element has been near to what is seen. Once it has, that stays so. */
export function useNear<E extends Element>(initially: boolean) {
  const watch = use(NearContext);
  const element = useRef<E>(null);
  const [isNear, setNear] = useState(initially || watch === null);
  useEffect(() => {
    if (isNear || watch === null || element.current === null) return;
    return watch(element.current, () => setNear(true));
  }, [isNear, watch]);
  return { element, isNear };
}
