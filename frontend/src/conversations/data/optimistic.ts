import { useMutationState } from "@tanstack/react-query";
import { useMemo } from "react";
import type { ListChoice } from "../../api/conversations";
import type { Conversation, ConversationChange, ConversationSummary } from "../../api/schema";
import { keys } from "./keys";
import { type Listed, placed, without } from "./pages";

/** A change of a conversation that a person made on this page. */
export interface Patch {
  readonly id: string;
  readonly change: ConversationChange;
}

/** What a person did on this page and the server has not answered yet, by the id of the conversation. */
export interface UnderWay {
  readonly changes: ReadonlyMap<string, Partial<Conversation>>;
  readonly deletions: readonly string[];
}

/**
 * What is under way. It lies over whatever the server says meanwhile, which may be from before it; when it
 * is refused, it is gone, and what the server said is what is shown.
 */
export function useOptimisticChanges(): UnderWay {
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
    for (const { id, change } of patches) changes.set(id, { ...changes.get(id), ...given(change) });
    return { changes, deletions };
  }, [patches, deletions]);
}

const NOTHING: Partial<Conversation> = {};

/** What is under way of one conversation; null: of none. */
export function useOptimisticChange(id: string | null): Partial<Conversation> {
  return useOptimisticChanges().changes.get(id ?? "") ?? NOTHING;
}

/** A list with what is under way. `known` finds a conversation that may come from another list. */
export function listedWith(
  { changes, deletions }: UnderWay,
  listed: Listed,
  choice: ListChoice,
  known: (id: string) => ConversationSummary | undefined,
): Listed {
  let shown = listed;
  for (const [id, change] of changes) {
    const summary = known(id);
    if (summary !== undefined) shown = placed(shown, { ...summary, ...change }, choice);
  }
  return deletions.reduce(without, shown);
}

/** A change as members of a conversation: those that it names. */
function given(change: ConversationChange): Partial<Conversation> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
