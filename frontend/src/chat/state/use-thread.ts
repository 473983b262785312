import { useEffect, useMemo } from "react";
import type { Conversation } from "../../api/schema";
import { type Entry, entriesOf, lastPart } from "./entries";
import type { Turn } from "./exchange";
import { growTree } from "./message-tree";
import { isUnnamed, withTurns } from "./optimistic";
import type { Turns } from "./pending";
import { useTurnsState } from "./pending";

const NO_TURNS: readonly Turn[] = [];

/** What a place shows: the branch of its saved conversation, and what was asked for on this page. */
export function useThread(turns: Turns, place: string, saved: Conversation | undefined) {
  const state = useTurnsState(turns);
  const here = state.turns.get(place) ?? NO_TURNS;
  const { tree, leaf } = useMemo(() => {
    const shown = withTurns(saved?.messages ?? [], saved?.leaf ?? null, here);
    return { tree: growTree(shown.messages), leaf: shown.leaf };
  }, [saved, here]);
  const entries = useMemo(() => entriesOf(tree, leaf, state.keys), [tree, leaf, state.keys]);
  const unnamed = useMemo(
    () =>
      new Set(
        [...tree.byId.values()].filter((message) => isUnnamed(message, here)).map(({ id }) => id),
      ),
    [tree, here],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: the state tells what has ended meanwhile
  useEffect(() => {
    if (saved === undefined) return;
    for (const message of saved.messages) if (message.running) turns.follow(saved.id, message);
    turns.settle(place, saved.messages);
  }, [turns, place, saved, state]);

  return { tree, entries, unnamed, replies: state.replies, turns: here };
}

/** The last message of a thread that the server knows, after which the next one comes. */
export function lastNamed(entries: readonly Entry[], unnamed: ReadonlySet<string>): string | null {
  return entries.map((entry) => lastPart(entry).id).findLast((id) => !unnamed.has(id)) ?? null;
}
