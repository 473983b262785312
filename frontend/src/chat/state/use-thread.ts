import { useEffect, useMemo } from "react";
import type { Conversation } from "../../api/schema";
import type { Exchange } from "./exchange";
import { branchTo, growTree } from "./message-tree";
import { withExchanges } from "./optimistic";
import { type PendingExchanges, usePendingState } from "./pending";

const NONE: readonly Exchange[] = [];

/** What a conversation shows: the branch that is saved, and what was asked for on this page. */
export function useThread(pending: PendingExchanges, id: string, saved: Conversation | undefined) {
  const state = usePendingState(pending);
  const exchanges = state.exchanges.get(id) ?? NONE;
  const { tree, leaf } = useMemo(() => {
    const shown = withExchanges(saved?.messages ?? [], saved?.leaf ?? null, exchanges);
    return { tree: growTree(shown.messages), leaf: shown.leaf };
  }, [saved, exchanges]);
  const branch = useMemo(() => branchTo(tree, leaf), [tree, leaf]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the state tells what has ended meanwhile
  useEffect(() => {
    if (saved === undefined) return;
    for (const message of saved.messages) if (message.running) pending.follow(saved.id, message);
    pending.settle(id, saved.messages);
  }, [pending, id, saved, state]);

  return { tree, leaf, branch, replies: state.replies, exchanges };
}
