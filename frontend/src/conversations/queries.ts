import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import {
  type ListChoice,
  listConversations,
  readConversation,
  readShared,
  searchConversations,
} from "../api/conversations";
import type { ConversationList, SearchResults } from "../api/schema";
import { keys } from "./keys";
import { useServer } from "./server-context";

/**
 * A conversation with its settings and all its messages. `null` asks for none: the page shows a new
 * conversation, which has no id yet. One that does not exist is an error, a `Problem` with status 404.
 */
export function useConversation(id: string | null) {
  const server = useServer();
  return useQuery({
    queryKey: keys.one(id ?? ""),
    queryFn: ({ signal }) => readConversation(id ?? "", signal, server),
    enabled: id !== null,
  });
}

/** What a shared link shows. */
export function useShared(token: string) {
  return useQuery({
    queryKey: keys.shared(token),
    queryFn: ({ signal }) => readShared(token, signal),
  });
}

/** One list, read page by page. */
export function useConversationPages(choice: ListChoice) {
  return useInfiniteQuery({
    queryKey: keys.list(choice),
    queryFn: ({ pageParam, signal }) => listConversations(choice, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page: ConversationList) => page.cursor,
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
