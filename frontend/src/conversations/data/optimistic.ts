import { useMutationState } from "@tanstack/react-query";
import { useMemo } from "react";
import type { ListChoice } from "../../api/conversations";
import type { Conversation, ConversationChange, ConversationSummary } from "../../api/schema";
import { keys } from "./keys";
import { type Listed, withConversation, without } from "./pages";

/** A change of a conversation that was made on this page. */
export interface Patch {
  readonly id: string;
  readonly change: ConversationChange;
}

/** The pending mutations of this page, by the id of the conversation. */
interface OptimisticChanges {
  readonly changes: ReadonlyMap<string, Partial<Conversation>>;
  readonly deletions: readonly string[];
}

/**
 * The pending changes. They are applied over the server's state when that is shown, which may be older. A refused
 * change is no longer pending, so the server's state appears again.
 */
export function useOptimisticChanges(): OptimisticChanges {
  const patches = useMutationState({
    filters: { mutationKey: keys.change, status: "pending" },
    select: ({ state }) => state.variables as Patch,
  });
  const deletions = useMutationState({
    filters: { mutationKey: keys.deletion, status: "pending" },
    select: ({ state }) => (state.variables as { summary: ConversationSummary }).summary.id,
  });
  return useMemo(() => {
    const changes = new Map<string, Partial<Conversation>>();
    for (const { id, change } of patches) {
      changes.set(id, { ...changes.get(id), ...definedMembers(change) });
    }
    return { changes, deletions };
  }, [patches, deletions]);
}

const NOTHING: Partial<Conversation> = {};

export function useOptimisticChange(id: string | null): Partial<Conversation> {
  return useOptimisticChanges().changes.get(id ?? "") ?? NOTHING;
}

/** A list with pending changes. `known` finds a conversation, which may come from another list. */
export function withChanges(
  { changes, deletions }: OptimisticChanges,
  listed: Listed,
  choice: ListChoice,
  known: (id: string) => ConversationSummary | undefined,
): Listed {
  let shown = listed;
  for (const [id, change] of changes) {
    const summary = known(id);
    if (summary !== undefined) shown = withConversation(shown, { ...summary, ...change }, choice);
  }
  return deletions.reduce(without, shown);
}

function definedMembers(change: ConversationChange): Partial<Conversation> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
