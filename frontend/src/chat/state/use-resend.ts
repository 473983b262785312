import { useEffect } from "react";
import { conversationOf, type StartRequest } from "../../generation/transport";
import { sessionStore } from "../../storage";
import type { Exchange } from "./exchange";
import type { PendingExchanges } from "./pending";

const NAME = "headwater:unanswered";

/**
 * Sends an unanswered request again after a reload. The ids are the same, so it does no harm if the server has it.
 *
 * @param onNewChat - called with the id of the conversation if the request starts one
 */
export function useResend(
  pending: PendingExchanges,
  conversation: string | null,
  isOn: boolean,
  onNewChat: (id: string) => void,
): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs once, when the page has loaded
  useEffect(() => {
    const request = isOn ? take() : null;
    if (request === null) return;
    const isNewChat = conversation === null && request.conversation === undefined;
    if (isNewChat) onNewChat(conversationOf(request));
    pending.begin(request);
  }, []);

  useEffect(() => {
    if (!isOn) return;
    const onPageHide = () => keep([...pending.getSnapshot().exchanges.values()].flat());
    // A page from the back/forward cache still has its request.
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
  const request = sessionStore.readJson(NAME) as Partial<StartRequest> | null;
  sessionStore.write(NAME, null);
  // Older versions of the page saved requests without ids.
  return request?.ids === undefined ? null : (request as StartRequest);
}
