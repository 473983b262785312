import { ask } from "./client";
import { ROOT } from "./conversations";
import type { SearchResults } from "./schema";

/** A page of search results from `cursor` on; null: from the start. */
export function searchConversations(
  words: string,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<SearchResults> {
  const query = new URLSearchParams({ q: words });
  if (cursor !== null) query.set("cursor", cursor);
  return ask(`${ROOT}/search?${query}`, { signal });
}
