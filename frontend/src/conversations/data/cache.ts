import type { Query, QueryClient, QueryFilters } from "@tanstack/react-query";
import type { ListChoice } from "../../api/conversations";
import type { Conversation, ConversationSummary } from "../../api/schema";
import { keys } from "./keys";
import { conversationsOf, type Listed, placed, without } from "./pages";

/** Which list a key of the cache names. */
export function choiceOf(key: readonly unknown[]): ListChoice {
  return key[keys.lists.length] as ListChoice;
}

/** A conversation as the cache knows it, from a list or by itself. */
export function cachedSummary(client: QueryClient, id: string): ConversationSummary | undefined {
  for (const [, listed] of client.getQueriesData<Listed>({ queryKey: keys.lists })) {
    const summary = conversationsOf(listed).find((each) => each.id === id);
    if (summary !== undefined) return summary;
  }
  return client.getQueryData<Conversation>(keys.one(id));
}

/** Shows a conversation as it is now wherever it is shown. What the cache knows better, it keeps. */
export function cacheSummary(client: QueryClient, given: ConversationSummary): void {
  const known = cachedSummary(client, given.id);
  if (known !== undefined && known.version > given.version) return;
  const summary = summaryOf(given);
  for (const [key, listed] of client.getQueriesData<Listed>({ queryKey: keys.lists })) {
    if (listed !== undefined) client.setQueryData(key, placed(listed, summary, choiceOf(key)));
  }
  client.setQueryData<Conversation>(keys.one(given.id), (open) => open && { ...open, ...summary });
}

/** Shows in the lists, where they know less, what was read of one: the feed of changes may be held up. */
export async function listWhatWasRead(client: QueryClient, read: Conversation): Promise<void> {
  const known = cachedSummary(client, read.id);
  if (known !== undefined && known.version >= read.version) return;
  await writeLists(client, () => cacheSummary(client, read));
}

/** Takes a conversation out of every list. */
export function uncacheSummary(client: QueryClient, id: string): void {
  for (const [key, listed] of client.getQueriesData<Listed>({ queryKey: keys.lists })) {
    if (listed !== undefined) client.setQueryData(key, without(listed, id));
  }
}

/**
 * Reads again what is on the page, and what is not when it is next looked at. An answer that is on its
 * way may be from before a change: to the cache alone it would do when it is the first.
 */
export async function readAgain(client: QueryClient, filters: QueryFilters): Promise<void> {
  const { predicate = () => true } = filters;
  await client.cancelQueries({
    ...filters,
    predicate: (query) => query.state.data === undefined && predicate(query),
  });
  await client.invalidateQueries(filters);
}

/** Reads everything again that is on the page: all of it may have changed. */
export function readAllAgain(client: QueryClient): void {
  void readAgain(client, { queryKey: keys.all });
}

/** How often lists were written to: what was asked for before the last time may be from before it. */
const writings = new WeakMap<QueryClient, number>();

/** How often lists were written to, to be compared. */
export function listWritings(client: QueryClient): number {
  return writings.get(client) ?? 0;
}

/**
 * Writes into the lists. One that is being read meanwhile would bring an answer from before: that is not
 * taken, and what was read once more is read again.
 */
export async function writeLists(client: QueryClient, write: () => void): Promise<void> {
  const isRead = ({ state }: Query) => state.data !== undefined && state.fetchStatus === "fetching";
  const reading = client.getQueryCache().findAll({ queryKey: keys.lists, predicate: isRead });
  const again = reading.filter(({ state }) => state.isInvalidated);
  await client.cancelQueries({ queryKey: keys.lists, predicate: isRead });
  writings.set(client, listWritings(client) + 1);
  write();
  for (const { queryKey } of again) void client.invalidateQueries({ queryKey, exact: true });
}

function summaryOf(from: ConversationSummary): ConversationSummary {
  const { id, title, created_at, updated_at, pinned, archived, shared, running, version } = from;
  return { id, title, created_at, updated_at, pinned, archived, shared, running, version };
}
