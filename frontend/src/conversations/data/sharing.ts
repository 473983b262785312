import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { shareConversation, unshareConversation } from "../../api/conversations";
import type { Conversation } from "../../api/schema";
import { cachedSummary, cacheSummary, invalidate, writeLists } from "./cache";
import { keys } from "./keys";
import { useShowRefusal } from "./mutations";
import { sendInOrder } from "./serial-queue";

/** Creates the link, or updates what it shows. */
export function useShareConversation() {
  const client = useQueryClient();
  const showRefusal = useShowRefusal();
  return useMutation({
    // In order, so that the link shows a branch that the person chose just before.
    mutationFn: (id: string) => sendInOrder(client, id, () => shareConversation(id)),
    onError: (error) => showRefusal("notShared", error),
    onSuccess: ({ token }, id) => cacheShare(client, id, token),
  });
}

/** Revokes the link. */
export function useUnshareConversation() {
  const client = useQueryClient();
  const showRefusal = useShowRefusal();
  return useMutation({
    mutationFn: (id: string) => unshareConversation(id),
    onError: (error) => showRefusal("notUnshared", error),
    onSuccess: (_nothing, id) => cacheShare(client, id, null),
  });
}

async function cacheShare(client: QueryClient, id: string, share: string | null): Promise<void> {
  await writeLists(client, () => {
    const summary = cachedSummary(client, id);
    if (summary !== undefined) cacheSummary(client, { ...summary, shared: share !== null });
  });
  client.setQueryData<Conversation>(keys.one(id), (open) => open && { ...open, share });
  void invalidate(client, { queryKey: keys.one(id) });
}
