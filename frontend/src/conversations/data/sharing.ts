import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import type { Conversation } from "../../api/schema";
import { shareConversation, unshareConversation } from "../../api/sharing";
import { cachedSummary, cacheSummary, invalidate, writeLists } from "./cache";
import { keys } from "./keys";
import { useShowRefusal } from "./mutations";
import { sendInOrder } from "./serial-queue";

/** `share` creates the link of a conversation, or updates what it shows; `unshare` revokes it. */
export function useSharing(id: string) {
  const client = useQueryClient();
  const showRefusal = useShowRefusal();
  const share = useMutation({
    // In order, so that the link shows a branch that the person chose just before.
    mutationFn: () => sendInOrder(client, id, () => shareConversation(id)),
    onError: (error) => showRefusal("notShared", error),
    onSuccess: ({ token }) => cacheShare(client, id, token),
  });
  const unshare = useMutation({
    mutationFn: () => unshareConversation(id),
    onError: (error) => showRefusal("notUnshared", error),
    onSuccess: () => cacheShare(client, id, null),
  });
  return { share, unshare };
}

async function cacheShare(client: QueryClient, id: string, share: string | null): Promise<void> {
  await writeLists(client, () => {
    const summary = cachedSummary(client, id);
    if (summary !== undefined) cacheSummary(client, { ...summary, shared: share !== null });
  });
  client.setQueryData<Conversation>(keys.one(id), (open) => open && { ...open, share });
  void invalidate(client, { queryKey: keys.one(id) });
}
