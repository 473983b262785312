import { useEffect } from "react";
import { conversationOf, type StartRequest } from "../../generation/transport";
import { sessionStore } from "../../storage";
import type { Exchange } from "./exchange";
import type { PendingExchanges } from "./pending";

const NAME = "headwater:unanswered";

/**
 * Sends again, with the same ids, what was sent and not answered yet when the page was left: it may not have
 * arrived, or it runs already.
 *
 * @param onNewChat - called when it began the conversation with this id
 */
export function useResend(
  pending: PendingExchanges,
  conversation: string | null,
  isOn: boolean,
  onNewChat: (id: string) => void,
): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, where the page begins
  useEffect(() => {
    const left = isOn ? take() : null;
    if (left === null || (left.conversation ?? null) !== conversation) return;
    if (conversation === null) onNewChat(conversationOf(left));
    pending.begin(left);
  }, []);

  useEffect(() => {
    if (!isOn) return;
    const onPageHide = () => keep([...pending.getSnapshot().exchanges.values()].flat());
    // The browser kept the page whole, with its request.
    const onPageShow = ({ persisted }: PageTransitionEvent) => persisted && take();
    addEventListener("pagehide", onPageHide);
    addEventListener("pageshow", onPageShow);
    return () => {
      removeEventListener("pagehide", onPageHide);
      removeEventListener("pageshow", onPageShow);
    };
  }, [pending, isOn]);
}

function keep(exchanges: readonly Exchange[]): void {
  const exchange = exchanges.findLast(isUnanswered);
  if (exchange === undefined) return;
  sessionStore.write(NAME, JSON.stringify(exchange.request));
}

function isUnanswered({ isStarted, reply }: Exchange): boolean {
  return !isStarted && reply.getSnapshot().ending === null;
}

function take(): StartRequest | null {
  const left = sessionStore.readJson(NAME) as Partial<StartRequest> | null;
  sessionStore.write(NAME, null);
  // An older version of the page kept no ids.
  return left?.ids === undefined ? null : (left as StartRequest);
}
