import type { Query, QueryClient } from "@tanstack/react-query";
import { listConversations, readConversation } from "../../api/conversations";
import { Problem } from "../../generation/problem";
import {
  cacheSummary,
  choiceOf,
  invalidate,
  listWriteCount,
  uncacheSummary,
  writeLists,
} from "./cache";
import { withFreshStart } from "./fresh-start";
import { keys } from "./keys";
import type { Listed } from "./pages";

/** With more changed conversations outside of the first pages, the whole lists are read again. */
const MOST_SINGLE_READS = 10;

/** Returns a function that applies changes. Changes that arrive while others are applied are batched. */
export function changeReader(client: QueryClient): (ids: readonly string[]) => void {
  const changed = new Set<string>();
  let isBusy = false;
  const work = async () => {
    while (changed.size > 0) {
      const ids = [...changed];
      changed.clear();
      await applyChanges(client, ids);
    }
    isBusy = false;
  };
  return (ids) => {
    for (const id of ids) changed.add(id);
    if (isBusy) return;
    isBusy = true;
    void work();
  };
}

/**
 * Reads what may have changed: searches, the changed conversations, and the first page of each visible list. Changed
 * conversations that are on no first page are read one by one, so that a long list is not read again as a whole.
 */
export async function applyChanges(client: QueryClient, ids: readonly string[]): Promise<void> {
  void invalidate(client, { queryKey: keys.searches });
  for (const id of ids) void invalidate(client, { queryKey: keys.one(id) });
  const lists = client.getQueryCache().findAll({ queryKey: keys.lists });
  const shown = lists.filter((query) => query.isActive() && query.state.data !== undefined);
  void invalidate(client, {
    queryKey: keys.lists,
    predicate: (query) => !shown.includes(query),
  });
  const remaining = new Set(ids);
  try {
    const beginnings = await readBeginnings(client, shown);
    await writeLists(client, () => {
      for (const { queryKey, beginning } of beginnings) {
        client.setQueryData<Listed>(
          queryKey,
          (listed) => listed && withFreshStart(listed, beginning),
        );
      }
      for (const summary of beginnings.flatMap(({ beginning }) => beginning.conversations)) {
        // It may have moved here from another list.
        if (remaining.delete(summary.id)) cacheSummary(client, summary);
      }
    });
    if (beginnings.every(({ beginning }) => beginning.cursor === null)) return;
    if (remaining.size > MOST_SINGLE_READS) throw new RangeError("too many to read one by one");
    await Promise.all([...remaining].map((id) => readOne(client, id)));
  } catch {
    // The query cache retries, and its queries report errors.
    void invalidate(client, { queryKey: keys.lists });
  }
}

/** Reads the first pages of lists; again if this page wrote to the lists meanwhile. */
async function readBeginnings(client: QueryClient, lists: readonly Query[]) {
  for (;;) {
    const before = listWriteCount(client);
    const beginnings = await Promise.all(
      lists.map(async ({ queryKey }) => ({
        queryKey,
        beginning: await listConversations(choiceOf(queryKey), null),
      })),
    );
    if (listWriteCount(client) === before) return beginnings;
  }
}

async function readOne(client: QueryClient, id: string): Promise<void> {
  try {
    const read = await client.fetchQuery({
      queryKey: keys.one(id),
      queryFn: ({ signal }) => readConversation(id, signal),
      staleTime: 0,
    });
    await writeLists(client, () => cacheSummary(client, read));
  } catch (error) {
    if (!(error instanceof Problem && error.status === 404)) throw error;
    await writeLists(client, () => uncacheSummary(client, id));
  }
}
