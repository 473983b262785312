import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { type ListChoice, listConversations, readConversation } from "../../api/conversations";
import type { Conversation, ConversationList } from "../../api/schema";
import { useServer } from "../../api/server-context";
import { cachedSummary, cacheRead } from "./cache";
import { keys } from "./keys";
import { useOptimisticChange, useOptimisticChanges, withChanges } from "./optimistic";
import type { Listed } from "./pages";

/**
 * A conversation with its settings, all messages and pending changes. Null reads nothing, for a new chat. If it does
 * not exist, the error is a `Problem` with status 404.
 */
export function useConversation(id: string | null) {
  const client = useQueryClient();
  const server = useServer();
  const change = useOptimisticChange(id);
  return useQuery({
    queryKey: keys.one(id ?? ""),
    queryFn: async ({ signal }) => {
      const read = await readConversation(id ?? "", signal, server);
      await cacheRead(client, read);
      return read;
    },
    enabled: id !== null,
    select: useCallback((read: Conversation) => ({ ...read, ...change }), [change]),
  });
}

/** A list, read page by page, with pending changes. */
export function useConversationPages({ archived, pinned }: ListChoice) {
  const client = useQueryClient();
  const optimistic = useOptimisticChanges();
  const choice = { archived, pinned };
  return useInfiniteQuery({
    queryKey: keys.list(choice),
    queryFn: ({ pageParam, signal }) => listConversations(choice, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page: ConversationList) => page.cursor,
    select: useCallback(
      (listed: Listed) =>
        withChanges(optimistic, listed, { archived, pinned }, (id) => cachedSummary(client, id)),
      [client, optimistic, archived, pinned],
    ),
    // Structural sharing would compare all pages whenever one is added.
    structuralSharing: false,
  });
}
