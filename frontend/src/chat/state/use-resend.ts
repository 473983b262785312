import { useEffect } from "react";
import { conversationOf, type StartRequest } from "../../generation/transport";
import { sessionStore } from "../../storage";
import type { Exchange } from "./exchange";
import type { PendingExchanges } from "./pending";

const NAME = "headwater:unanswered";

/** A request that was on the page when it was left. */
interface Kept {
  readonly request: StartRequest;
  readonly isAnswered: boolean;
}

/**
 * Sends a request again that had no answer when the page was left. The ids are the same, so it does no harm if the
 * server has it. A reload may also be under way to the address of a new chat while the answer comes, so a reload
 * shows the conversation that had just begun.
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
    const kept = isOn ? take() : null;
    if (kept === null || (kept.isAnswered && !(conversation === null && isReload()))) return;
    const { request } = kept;
    if (conversation === null && request.conversation === undefined) {
      onNewChat(conversationOf(request));
    }
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
  const exchange = exchanges.findLast(
    ({ isStarted, request, reply }) =>
      reply.getSnapshot().ending === null && (!isStarted || request.conversation === undefined),
  );
  if (exchange === undefined) return;
  const kept: Kept = { request: exchange.request, isAnswered: exchange.isStarted };
  sessionStore.write(NAME, JSON.stringify(kept));
}

function take(): Kept | null {
  const kept = sessionStore.readJson(NAME) as Partial<Kept> | null;
  sessionStore.write(NAME, null);
  // Older versions of the page kept requests without ids.
  return kept?.request?.ids === undefined ? null : (kept as Kept);
}

function isReload(): boolean {
  const [navigation] = performance.getEntriesByType("navigation");
  return (navigation as PerformanceNavigationTiming | undefined)?.type === "reload";
}
