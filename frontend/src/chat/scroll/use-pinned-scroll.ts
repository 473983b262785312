import { useCallback, useEffect, useRef, useState } from "react";
import { ScrollAnchor } from "./scroll-anchor";

/** Scrolling down to within this distance of the end pins. */
const END_PX = 24;

const FOLDS = "summary, [aria-expanded]:not([aria-haspopup])";

/** Whether the browser has scroll anchoring. */
const ANCHORS_ITSELF = globalThis.CSS?.supports("overflow-anchor", "auto");

/** A **pinned** scroller stays at its end while its content grows. Scrolling up unpins; scrolling to the end pins. */
export function usePinnedScroll() {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const pinned = useRef(true);
  const anchored = useRef<ScrollAnchor>(null);
  const [isPinned, setIsPinned] = useState(true);

  const set = useCallback((value: boolean) => {
    pinned.current = value;
    setIsPinned(value);
  }, []);

  /** Scrolls to the end and stays there. */
  const pin = useCallback(() => {
    set(true);
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight, behavior: "instant" });
  }, [set]);

  useEffect(() => {
    const box = scroller.current;
    const inside = content.current;
    if (box === null || inside === null) return;
    let last = { top: box.scrollTop, height: box.scrollHeight };
    const remember = () => {
      last = { top: box.scrollTop, height: box.scrollHeight };
    };
    // If the height changed as well, the browser scrolled, not the person.
    const onScroll = () => {
      const distance = distanceToEnd(box);
      const moved = box.scrollHeight === last.height ? box.scrollTop - last.top : 0;
      if (moved < 0 && distance > 1) set(false);
      else if (moved > 0 && distance <= END_PX) set(true);
      if (!ANCHORS_ITSELF) anchor.take();
      remember();
    };
    // The wheel event precedes the scroll event, before which growing text could scroll back to the end.
    const onWheel = (event: WheelEvent) => {
      if (event.deltaY < 0 && box.scrollTop > 0) set(false);
    };
    // Something that is unfolded stays in position, unless the end is still visible.
    const onClick = ({ target }: MouseEvent) => {
      if (!(target instanceof Element) || target.closest(FOLDS) === null) return;
      pinned.current = false;
      requestAnimationFrame(() => set(distanceToEnd(box) <= 1));
    };
    const anchor = new ScrollAnchor(box, inside);
    anchored.current = anchor;
    const onGrowth = () => {
      // Everything is visible, so the end is, too.
      if (box.scrollHeight <= box.clientHeight) set(true);
      // Content without rows is not a thread and is read from its beginning.
      const hasEnd = inside.querySelector("[data-rows]") !== null;
      if (pinned.current && hasEnd) box.scrollTop = box.scrollHeight;
      else if (!ANCHORS_ITSELF) anchor.hold();
      remember();
    };
    const growth = new ResizeObserver(onGrowth);
    growth.observe(inside);
    growth.observe(box);
    box.addEventListener("scroll", onScroll, { passive: true });
    box.addEventListener("wheel", onWheel, { passive: true });
    inside.addEventListener("click", onClick);
    return () => {
      growth.disconnect();
      box.removeEventListener("scroll", onScroll);
      box.removeEventListener("wheel", onWheel);
      inside.removeEventListener("click", onClick);
    };
  }, [set]);

  const unpin = useCallback(() => set(false), [set]);
  /** Pins if the end is visible. */
  const pinAtEnd = useCallback(() => {
    const box = scroller.current;
    if (box !== null && distanceToEnd(box) <= 1) set(true);
  }, [set]);
  /** Applies a change of the content without moving what is visible. */
  const keepPosition = useCallback((change: () => void) => {
    if (pinned.current) return change();
    anchored.current?.take();
    change();
    anchored.current?.hold();
  }, []);
  return { scroller, content, isPinned, pin, unpin, pinAtEnd, keepPosition };
}

function distanceToEnd(box: Element): number {
  return box.scrollHeight - box.clientHeight - box.scrollTop;
}
