import { useEffect, useRef } from "react";
import { type Exchange, questionOf } from "./exchange";

/**
 * Keeps a question that no server has taken when the page is left: what is drawn goes with the page, a draft does
 * not. One that was just sent and not answered yet has most likely arrived.
 *
 * @param isAskedAgain - whether one that is not refused is asked again by itself
 * @param onLeft - puts the question back into the box
 */
export function useUnsent(
  exchanges: readonly Exchange[],
  isAskedAgain: boolean,
  onLeft: (question: string) => void,
): void {
  const keep = useRef(() => {});
  keep.current = () => {
    const unsent = exchanges.findLast((exchange) => isUnsent(exchange, isAskedAgain));
    const question = unsent === undefined ? null : questionOf(unsent);
    if (question !== null) onLeft(question);
  };
  useEffect(() => {
    const onPageHide = () => keep.current();
    addEventListener("pagehide", onPageHide);
    return () => removeEventListener("pagehide", onPageHide);
  }, []);
}

function isUnsent({ isStarted, isRefused, reply }: Exchange, isAskedAgain: boolean): boolean {
  if (isStarted) return false;
  return isRefused || (!isAskedAgain && reply.getSnapshot().lostAt !== null);
}
