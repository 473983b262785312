import { useEffect, useMemo } from "react";
import type { Conversation } from "../../api/schema";
import type { Exchange } from "./exchange";
import { branchTo, makeTree } from "./message-tree";
import { withExchanges } from "./optimistic";
import { type PendingExchanges, usePendingState } from "./pending";

const NONE: readonly Exchange[] = [];

/** The thread of a conversation: saved messages and exchanges of this page. */
export function useThread(pending: PendingExchanges, id: string, saved: Conversation | undefined) {
  const state = usePendingState(pending);
  const exchanges = state.exchanges.get(id) ?? NONE;
  const { tree, leaf } = useMemo(() => {
    const shown = withExchanges(saved?.messages ?? [], saved?.leaf ?? null, exchanges);
    return { tree: makeTree(shown.messages), leaf: shown.leaf };
  }, [saved, exchanges]);
  const branch = useMemo(() => branchTo(tree, leaf), [tree, leaf]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: runs also when a reply has ended
  useEffect(() => {
    if (saved === undefined) return;
    for (const message of saved.messages) if (message.running) pending.follow(saved.id, message);
    pending.settle(id, saved.messages);
  }, [pending, id, saved, state]);

  return { tree, leaf, branch, replies: state.replies, exchanges };
}
