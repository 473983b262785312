import { useEffect } from "react";
import { conversationOf, type StartRequest } from "../../generation/transport";
import { sessionStore } from "../../storage";
import { useWindowEvent } from "../../ui/use-window-event";
import { restoreDraft } from "./drafts";
import { type Exchange, questionOf } from "./exchange";
import type { PendingExchanges } from "./pending";

const NAME = "headwater:unanswered";

/** A request that was on the page when it was left. */
interface Kept {
  readonly request: StartRequest;
  readonly isAnswered: boolean;
}

/**
 * Takes care of what the server has not accepted when the page is left.
 *
 * If the page resends, a request without an answer is sent again after a reload. The ids are the same, so it does no
 * harm if the server has it. A reload may also be under way to the address of a new chat while the answer comes, so a
 * reload shows the conversation that had just begun.
 *
 * Any other message that was not accepted, or whose connection is lost, becomes a draft. A message that was just sent
 * has probably arrived.
 *
 * @param onNewChat - called with the id of the conversation if the request that is sent again starts one
 */
export function useUnanswered(
  pending: PendingExchanges,
  conversation: string | null,
  resends: boolean,
  onNewChat: (id: string) => void,
): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs once, when the page has loaded
  useEffect(() => {
    const kept = resends ? take() : null;
    if (kept === null || (kept.isAnswered && !(conversation === null && isReload()))) return;
    const { request } = kept;
    if (conversation === null && request.conversation === undefined) {
      onNewChat(conversationOf(request));
    }
    pending.begin(request);
  }, []);

  useWindowEvent("pagehide", () => {
    const newestFirst = [...pending.getSnapshot().exchanges.values()].flat().reverse();
    if (resends) keep(newestFirst);
    for (const exchange of newestFirst) {
      const question = isUnsent(exchange, resends) ? questionOf(exchange) : null;
      if (question !== null) restoreDraft(exchange.request.conversation ?? null, question);
    }
  });
  // A page from the back/forward cache still has its request.
  useWindowEvent("pageshow", ({ persisted }) => persisted && resends && take());
}

function keep(newestFirst: readonly Exchange[]): void {
  const exchange = newestFirst.find(
    ({ state, request, reply }) =>
      reply.getSnapshot().ending === null &&
      (state === "sent" || request.conversation === undefined),
  );
  if (exchange === undefined) return;
  const kept: Kept = { request: exchange.request, isAnswered: exchange.state === "started" };
  sessionStore.write(NAME, JSON.stringify(kept));
}

function isUnsent({ state, reply }: Exchange, resends: boolean): boolean {
  return (
    state === "unaccepted" || (state === "sent" && !resends && reply.getSnapshot().lostAt !== null)
  );
}

function take(): Kept | null {
  const kept = sessionStore.readJson(NAME) as Partial<Kept> | null;
  sessionStore.write(NAME, null);
  // Older versions of the page kept something else.
  return kept?.request?.ids === undefined ? null : (kept as Kept);
}

function isReload(): boolean {
  const [navigation] = performance.getEntriesByType("navigation");
  return (navigation as PerformanceNavigationTiming | undefined)?.type === "reload";
}
