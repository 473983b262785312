import type { QueryClient, QueryKey } from "@tanstack/react-query";
import { listConversations, readConversation } from "../../api/conversations";
import { Problem } from "../../generation/problem";
import {
  cacheSummary,
  choiceOf,
  listWritings,
  readAgain,
  uncacheSummary,
  writeLists,
} from "./cache";
import { keys } from "./keys";
import { begunAnew, type Listed } from "./pages";

/** Beyond so many conversations that are not at the start of a list, the list itself is read again. */
const ONE_BY_ONE = 10;

/**
 * Takes what is told by the feed of changes: several tellings that come while one is worked on are
 * worked on together.
 */
export function changeReader(client: QueryClient): (ids: readonly string[]) => void {
  const told = new Set<string>();
  let isBusy = false;
  const work = async () => {
    while (told.size > 0) {
      const ids = [...told];
      told.clear();
      await applyChanges(client, ids);
    }
    isBusy = false;
  };
  return (ids) => {
    for (const id of ids) told.add(id);
    if (isBusy) return;
    isBusy = true;
    void work();
  };
}

/**
 * Reads exactly what may have changed: the searches, the conversations named, the beginning of the
 * lists on the page, and what is named but stands further down, one by one. A long list that was
 * scrolled through is not read again as a whole.
 */
export async function applyChanges(client: QueryClient, ids: readonly string[]): Promise<void> {
  void readAgain(client, { queryKey: keys.searches });
  for (const id of ids) void readAgain(client, { queryKey: keys.one(id) });
  const lists = client.getQueryCache().findAll({ queryKey: keys.lists });
  const shown = lists.filter((query) => query.isActive() && query.state.data !== undefined);
  void readAgain(client, {
    queryKey: keys.lists,
    predicate: (query) => !shown.includes(query),
  });
  const elsewhere = new Set(ids);
  try {
    const beginnings = await readBeginnings(
      client,
      shown.map(({ queryKey }) => queryKey),
    );
    await writeLists(client, () => {
      for (const { queryKey, beginning } of beginnings) {
        client.setQueryData<Listed>(queryKey, (listed) => listed && begunAnew(listed, beginning));
      }
      for (const found of beginnings.flatMap(({ beginning }) => beginning.conversations)) {
        // It may have come from further down in another list.
        if (elsewhere.delete(found.id)) cacheSummary(client, found);
      }
    });
    if (beginnings.every(({ beginning }) => beginning.cursor === null)) return;
    if (elsewhere.size > ONE_BY_ONE) throw new RangeError("too many to be read one by one");
    await Promise.all([...elsewhere].map((id) => readOne(client, id)));
  } catch {
    // The cache tries again by itself, and shows what it cannot read.
    void readAgain(client, { queryKey: keys.lists });
  }
}

/** Reads the beginnings of lists, and again while a change of this page was answered meanwhile. */
async function readBeginnings(client: QueryClient, lists: readonly QueryKey[]) {
  for (;;) {
    const before = listWritings(client);
    const beginnings = await Promise.all(
      lists.map(async (queryKey) => ({
        queryKey,
        beginning: await listConversations(choiceOf(queryKey), null),
      })),
    );
    if (listWritings(client) === before) return beginnings;
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
