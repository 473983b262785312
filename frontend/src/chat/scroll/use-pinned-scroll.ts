import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { ScrollAnchor } from "./scroll-anchor";

// How near to the end counts as being at it, in pixels.
const NEAR_PX = 24;

const FOLDS = "summary, [aria-expanded]:not([aria-haspopup])";

// Most browsers keep what is read in its place by themselves when what is above it changes its height.
const ANCHORS_ITSELF = globalThis.CSS?.supports("overflow-anchor", "auto");

/** A scroller that stays at its end while what is in it grows, as long as the person stays there. */
export interface PinnedScroll {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  readonly isPinned: boolean;
  /** Goes to the end and stays there. */
  readonly pin: () => void;
  /** Stays where it is, whatever comes. */
  readonly unpin: () => void;
  /** Pins again where this is the end already. */
  readonly pinAtEnd: () => void;
  /** Makes a change to what is in it, without moving what is seen. */
  readonly keepPosition: (change: () => void) => void;
}

/** Any move up unpins, however small; coming back to the end pins again. */
export function usePinnedScroll(): PinnedScroll {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const pinned = useRef(true);
  const anchored = useRef<ScrollAnchor>(null);
  const [isPinned, setIsPinned] = useState(true);

  const set = useCallback((value: boolean) => {
    pinned.current = value;
    setIsPinned(value);
  }, []);

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
    // The browser moves the text by itself when what is in it changes its height; a person does not.
    const onScroll = () => {
      const distance = distanceToEnd(box);
      const moved = box.scrollHeight === last.height ? box.scrollTop - last.top : 0;
      if (moved < 0 && distance > 1) set(false);
      else if (moved > 0 && distance <= NEAR_PX) set(true);
      if (!ANCHORS_ITSELF) anchor.take();
      remember();
    };
    // The wheel tells before the scrolling does, which growing text could otherwise undo.
    const onWheel = (event: WheelEvent) => {
      if (event.deltaY < 0 && box.scrollTop > 0) set(false);
    };
    // What is unfolded is looked at, and stays where it is, unless that is the end all the same.
    const onClick = ({ target }: MouseEvent) => {
      if (!(target instanceof Element) || target.closest(FOLDS) === null) return;
      pinned.current = false;
      requestAnimationFrame(() => set(distanceToEnd(box) <= 1));
    };
    const anchor = new ScrollAnchor(box, inside);
    anchored.current = anchor;
    const onGrowth = () => {
      // Where everything is in sight, its end is too: a larger window, or a shorter branch.
      if (box.scrollHeight <= box.clientHeight) set(true);
      // What has no rows is no thread, and is read from its beginning.
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
  const pinAtEnd = useCallback(() => {
    const box = scroller.current;
    if (box !== null && distanceToEnd(box) <= 1) set(true);
  }, [set]);
  const keepPosition = useCallback((change: () => void) => {
    if (pinned.current) return change();
    anchored.current?.take();
    change();
    anchored.current?.hold();
  }, []);
  return { scroller, content, isPinned, pin, unpin, pinAtEnd, keepPosition };
}

/** How far the end is from what is seen, in pixels. */
function distanceToEnd(box: Element): number {
  return box.scrollHeight - box.clientHeight - box.scrollTop;
}
