import { useCallback, useMemo } from "react";
import { conversationsOf } from "./pages";
import { useConversationPages } from "./queries";

/** The conversations of the side bar: all pinned ones, and the others page by page on demand. */
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
    /** Null once the lists have been read, even if a later read fails. */
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
