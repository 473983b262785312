import { useEffect, useRef } from "react";
import { type Exchange, questionOf } from "./exchange";

/**
 * Saves a message as a draft if the server has not accepted it when the page is left. A message that was just sent has
 * probably arrived and is not saved.
 *
 * @param isResent - whether unanswered requests are sent again after a reload
 * @param onLeft - saves the draft
 */
export function useUnsent(
  exchanges: readonly Exchange[],
  isResent: boolean,
  onLeft: (question: string) => void,
): void {
  const keep = useRef(() => {});
  keep.current = () => {
    const unsent = exchanges.findLast((exchange) => isUnsent(exchange, isResent));
    const question = unsent === undefined ? null : questionOf(unsent);
    if (question !== null) onLeft(question);
  };
  useEffect(() => {
    const onPageHide = () => keep.current();
    addEventListener("pagehide", onPageHide);
    return () => removeEventListener("pagehide", onPageHide);
  }, []);
}

function isUnsent({ isStarted, isRefused, reply }: Exchange, isResent: boolean): boolean {
  if (isStarted) return false;
  return isRefused || (!isResent && reply.getSnapshot().lostAt !== null);
}
