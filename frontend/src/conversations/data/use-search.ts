import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import type { SearchResults } from "../../api/schema";
import { searchConversations } from "../../api/search";
import { keys } from "./keys";

/** Searches for `words`, page by page. Until results arrive, those of the previous search stay. */
export function useSearch(words: string) {
  const trimmed = words.trim();
  return useInfiniteQuery({
    queryKey: keys.search(trimmed),
    queryFn: ({ pageParam, signal }) => searchConversations(trimmed, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page: SearchResults) => page.cursor,
    enabled: trimmed !== "",
    placeholderData: keepPreviousData,
    staleTime: 0,
    gcTime: 60_000,
  });
}
