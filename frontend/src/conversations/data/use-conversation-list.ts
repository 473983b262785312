import { useCallback, useMemo } from "react";
import { conversationsOf } from "./pages";
import { useConversationPages } from "./queries";

/**
 * The conversations that the side bar shows: the pinned ones, which are all read at once, and the
 * others, of which more is read on demand.
 */
export function useConversationList({ archived }: { readonly archived: boolean }) {
  const pinnedPages = useConversationPages({ archived, pinned: true });
  const otherPages = useConversationPages({ archived, pinned: false });
  const pinned = useMemo(() => conversationsOf(pinnedPages.data), [pinnedPages.data]);
  const others = useMemo(() => conversationsOf(otherPages.data), [otherPages.data]);

  const next = pinnedPages.hasNextPage ? pinnedPages : otherPages;
  const { fetchNextPage, isFetchingNextPage, isFetchNextPageError } = next;
  const refetchPinned = pinnedPages.refetch;
  const refetchOthers = otherPages.refetch;
  return {
    pinned,
    others,
    isLoading: pinnedPages.isPending || otherPages.isPending,
    /** Why there is nothing to show. What was read once is shown, whatever happens later. */
    error:
      (pinnedPages.data === undefined ? pinnedPages.error : null) ??
      (otherPages.data === undefined ? otherPages.error : null),
    hasMore: next.hasNextPage,
    hasFailedToReadMore: isFetchNextPageError,
    readMore: useCallback(() => {
      if (!isFetchingNextPage) void fetchNextPage();
    }, [fetchNextPage, isFetchingNextPage]),
    retry: useCallback(() => {
      void refetchPinned();
      void refetchOthers();
    }, [refetchPinned, refetchOthers]),
  };
}
