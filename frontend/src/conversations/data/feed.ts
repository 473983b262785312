import type { QueryClient } from "@tanstack/react-query";
import { changeReader } from "./apply-changes";
import { invalidateAll } from "./cache";
import { followChanges } from "./change-feed";

/**
 * Keeps a query cache up to date with changes of any client.
 *
 * @returns stops
 */
export function keepFresh(client: QueryClient): () => void {
  return followChanges({ onReady: () => invalidateAll(client), onChange: changeReader(client) });
}
