import { useEffect, useRef } from "react";
import type { Turn } from "./exchange";

/**
 * Keeps a question that no server has taken when the page is left: what is drawn goes with the page, a draft does
 * not. One that was just sent and not answered yet has most likely arrived.
 *
 * @param isAskedAgain - whether one that is not refused is asked again by itself
 * @param onLeft - puts the question back into the box
 */
export function useUnsent(
  turns: readonly Turn[],
  isAskedAgain: boolean,
  onLeft: (question: string) => void,
): void {
  const keep = useRef(() => {});
  keep.current = () => {
    const question = turns.findLast((turn) => isUnsent(turn, isAskedAgain))?.question ?? null;
    if (question !== null) onLeft(question);
  };
  useEffect(() => {
    const onPageHide = () => keep.current();
    addEventListener("pagehide", onPageHide);
    return () => removeEventListener("pagehide", onPageHide);
  }, []);
}

function isUnsent({ start, isRefused, reply }: Turn, isAskedAgain: boolean): boolean {
  if (start !== null) return false;
  return isRefused || (!isAskedAgain && reply.getSnapshot().lostAt !== null);
}
