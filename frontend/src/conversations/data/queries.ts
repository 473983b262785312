import {
  keepPreviousData,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useCallback } from "react";
import {
  type ListChoice,
  listConversations,
  readConversation,
  readShared,
  searchConversations,
} from "../../api/conversations";
import type { Conversation, ConversationList, SearchResults } from "../../api/schema";
import { useServer } from "../../api/server-context";
import { cachedSummary, listWhatWasRead } from "./cache";
import { keys } from "./keys";
import { listedWith, useOptimisticChange, useOptimisticChanges } from "./optimistic";
import type { Listed } from "./pages";

/**
 * A conversation with its settings and all its messages, and over them what is under way. `null` asks for
 * none: the page shows a new conversation, which has no id yet. One that does not exist is an error, a
 * `Problem` with status 404.
 */
export function useConversation(id: string | null) {
  const client = useQueryClient();
  const server = useServer();
  const change = useOptimisticChange(id);
  return useQuery({
    queryKey: keys.one(id ?? ""),
    queryFn: async ({ signal }) => {
      const read = await readConversation(id ?? "", signal, server);
      await listWhatWasRead(client, read);
      return read;
    },
    enabled: id !== null,
    select: useCallback((read: Conversation) => ({ ...read, ...change }), [change]),
  });
}

/** What a shared link shows. */
export function useShared(token: string) {
  return useQuery({
    queryKey: keys.shared(token),
    queryFn: ({ signal }) => readShared(token, signal),
  });
}

/** One list, read page by page, and over it what is under way. */
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
        listedWith(optimistic, listed, { archived, pinned }, (id) => cachedSummary(client, id)),
      [client, optimistic, archived, pinned],
    ),
    // It would compare all that was read with every page that is added.
    structuralSharing: false,
  });
}

/** What is found for `words`, page by page; while it is looked for, what was found before stays. */
export function useSearch(words: string) {
  const sought = words.trim();
  return useInfiniteQuery({
    queryKey: keys.search(sought),
    queryFn: ({ pageParam, signal }) => searchConversations(sought, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page: SearchResults) => page.cursor,
    enabled: sought !== "",
    placeholderData: keepPreviousData,
    staleTime: 0,
    gcTime: 60_000,
  });
}
