import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { shareConversation, unshareConversation } from "../../api/conversations";
import type { Conversation } from "../../api/schema";
import { cachedSummary, cacheSummary, readAgain, writeLists } from "./cache";
import { keys } from "./keys";
import { useRefused } from "./mutations";
import { sendInOrder } from "./serial-queue";

/** Makes the link, or brings what it shows up to date. */
export function useShareConversation() {
  const client = useQueryClient();
  const refused = useRefused();
  return useMutation({
    // The link shows the branch that was stepped to just before, too.
    mutationFn: (id: string) => sendInOrder(client, id, () => shareConversation(id)),
    onError: (error) => refused("notShared", error),
    onSuccess: ({ token }, id) => cacheShare(client, id, token),
  });
}

/** Takes the link back: from now on it leads nowhere. */
export function useUnshareConversation() {
  const client = useQueryClient();
  const refused = useRefused();
  return useMutation({
    mutationFn: (id: string) => unshareConversation(id),
    onError: (error) => refused("notUnshared", error),
    onSuccess: (_nothing, id) => cacheShare(client, id, null),
  });
}

async function cacheShare(client: QueryClient, id: string, share: string | null): Promise<void> {
  await writeLists(client, () => {
    const summary = cachedSummary(client, id);
    if (summary !== undefined) cacheSummary(client, { ...summary, shared: share !== null });
  });
  client.setQueryData<Conversation>(keys.one(id), (open) => open && { ...open, share });
  void readAgain(client, { queryKey: keys.one(id) });
}
