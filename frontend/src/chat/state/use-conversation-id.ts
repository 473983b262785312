import { useState } from "react";
import { newId } from "../../generation/ids";
import { type PendingExchanges, usePendingState } from "./pending";

/**
 * The id of the shown conversation. A new chat (null) has an id from the beginning. It keeps the id when the server has
 * started the conversation, so that its components stay mounted.
 *
 * @param visit - changes with each navigation to a new chat
 * @returns the id, whether the conversation was started in this new chat, and a function that changes the id
 */
export function useConversationId(
  pending: PendingExchanges,
  conversation: string | null,
  visit: unknown,
) {
  const { exchanges } = usePendingState(pending);
  const [current, setCurrent] = useState(() => shown(conversation, visit));
  let next = current;
  const isNewChatAgain = conversation === null && current.visit !== visit;
  if (current.conversation !== conversation || isNewChatAgain) {
    const isSame = current.id === conversation;
    next = isSame ? { ...current, conversation } : shown(conversation, visit);
  }
  if (conversation === null && !next.isStartedHere) {
    const isStartedHere = exchanges.get(next.id)?.some(({ state }) => state === "started") ?? false;
    if (isStartedHere) next = { ...next, isStartedHere };
  }
  if (next !== current) setCurrent(next);
  const { id, isStartedHere } = next;
  return { id, isStartedHere, renew: (id: string) => setCurrent({ ...shown(null, visit), id }) };
}

function shown(conversation: string | null, visit: unknown) {
  return { conversation, visit, id: conversation ?? newId("conv"), isStartedHere: false };
}
