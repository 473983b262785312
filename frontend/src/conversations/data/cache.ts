import type { Query, QueryClient, QueryFilters } from "@tanstack/react-query";
import type { ListChoice } from "../../api/conversations";
import type { Conversation, ConversationSummary } from "../../api/schema";
import { keys } from "./keys";
import { conversationsOf, type Listed, withConversation, without } from "./pages";

/** The list that a query key names. */
export function choiceOf(key: readonly unknown[]): ListChoice {
  return key[keys.lists.length] as ListChoice;
}

/** A conversation from a list or from its own query. */
export function cachedSummary(client: QueryClient, id: string): ConversationSummary | undefined {
  for (const [, listed] of client.getQueriesData<Listed>({ queryKey: keys.lists })) {
    const summary = conversationsOf(listed).find((each) => each.id === id);
    if (summary !== undefined) return summary;
  }
  return client.getQueryData<Conversation>(keys.one(id));
}

/** Writes a conversation into all lists and its own query, unless the cache has a newer version. */
export function cacheSummary(client: QueryClient, read: ConversationSummary): void {
  const known = cachedSummary(client, read.id);
  if (known !== undefined && known.version > read.version) return;
  const summary = summaryOf(read);
  for (const [key, listed] of client.getQueriesData<Listed>({ queryKey: keys.lists })) {
    if (listed !== undefined)
      client.setQueryData(key, withConversation(listed, summary, choiceOf(key)));
  }
  client.setQueryData<Conversation>(
    keys.one(summary.id),
    (open) => open && { ...open, ...summary },
  );
}

/** Writes a conversation that was read into the lists if they are older; the change feed may be delayed. */
export async function cacheRead(client: QueryClient, read: Conversation): Promise<void> {
  const known = cachedSummary(client, read.id);
  if (known !== undefined && known.version >= read.version) return;
  await writeLists(client, () => cacheSummary(client, read));
}

export function uncacheSummary(client: QueryClient, id: string): void {
  const uncache = (listed: Listed | undefined) => listed && without(listed, id);
  client.setQueriesData({ queryKey: keys.lists }, uncache);
}

/**
 * Invalidates queries, and also cancels first reads that are in flight: their response may be older than the change,
 * but TanStack Query would accept it.
 */
export async function invalidate(client: QueryClient, filters: QueryFilters): Promise<void> {
  const { predicate = () => true } = filters;
  await client.cancelQueries({
    ...filters,
    predicate: (query) => query.state.data === undefined && predicate(query),
  });
  await client.invalidateQueries(filters);
}

export function invalidateAll(client: QueryClient): void {
  void invalidate(client, { queryKey: keys.all });
}

const writeCounts = new WeakMap<QueryClient, number>();

/** How often lists were written. A response to a request from before the last write may be outdated. */
export function listWriteCount(client: QueryClient): number {
  return writeCounts.get(client) ?? 0;
}

/** Writes into the lists. Reads in flight are cancelled, because their responses may be older, and started again. */
export async function writeLists(client: QueryClient, write: () => void): Promise<void> {
  const isRead = ({ state }: Query) => state.data !== undefined && state.fetchStatus === "fetching";
  const reading = client.getQueryCache().findAll({ queryKey: keys.lists, predicate: isRead });
  const again = reading.filter(({ state }) => state.isInvalidated);
  await client.cancelQueries({ queryKey: keys.lists, predicate: isRead });
  writeCounts.set(client, listWriteCount(client) + 1);
  write();
  for (const { queryKey } of again) void client.invalidateQueries({ queryKey, exact: true });
}

function summaryOf(from: ConversationSummary): ConversationSummary {
  const { id, title, created_at, updated_at, pinned, archived, shared, running, version } = from;
  return { id, title, created_at, updated_at, pinned, archived, shared, running, version };
}
