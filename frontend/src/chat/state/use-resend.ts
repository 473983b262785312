import { useEffect } from "react";
import type { Turn } from "./exchange";
import type { Turns } from "./pending";

const NAME = "headwater:unanswered";

type Unanswered = Pick<Turn, "key" | "after" | "question" | "request">;

/**
 * Asks again, under the same key, for what was sent and not answered yet when the page was left: it may not have
 * arrived, or it runs in a conversation whose name the page had not heard.
 */
export function useUnanswered(
  turns: Turns,
  place: string,
  conversation: string | null,
  isOn: boolean,
): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, where the page begins
  useEffect(() => {
    const left = isOn ? take() : null;
    if (left === null || (left.request.conversation ?? null) !== conversation) return;
    turns.begin(place, left.after, left.request, left.question, left.key);
  }, []);

  useEffect(() => {
    if (!isOn) return;
    const onPageHide = () => keep([...turns.getSnapshot().turns.values()].flat());
    // The page was kept whole by the browser, with its request.
    const onPageShow = ({ persisted }: PageTransitionEvent) => persisted && take();
    addEventListener("pagehide", onPageHide);
    addEventListener("pageshow", onPageShow);
    return () => {
      removeEventListener("pagehide", onPageHide);
      removeEventListener("pageshow", onPageShow);
    };
  }, [turns, isOn]);
}

function keep(turns: readonly Turn[]): void {
  const turn = turns.findLast(isUnanswered);
  if (turn === undefined) return;
  const { key, after, question, request } = turn;
  const left: Unanswered = { key, after, question, request };
  try {
    sessionStorage.setItem(NAME, JSON.stringify(left));
  } catch {
    // Where the browser keeps nothing, it has most likely arrived.
  }
}

function isUnanswered({ start, reply }: Turn): boolean {
  return start === null && reply.getSnapshot().ending === null;
}

function take(): Unanswered | null {
  try {
    const left: Unanswered | null = JSON.parse(sessionStorage.getItem(NAME) ?? "null");
    sessionStorage.removeItem(NAME);
    return left;
  } catch {
    return null;
  }
}
