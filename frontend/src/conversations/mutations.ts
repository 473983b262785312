import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { patchConversation } from "../api/conversations";
import type { Conversation, ConversationChange } from "../api/schema";
import { describeError } from "../language/describe-problem";
import { useLanguage } from "../language/language-context";
import type { PlainKey } from "../language/translation";
import { useToast } from "../ui/toasts";
import { cachedSummary, cacheSummary, holdLists, readAgain } from "./cached";
import { keys } from "./keys";
import { useServer } from "./server-context";

interface Patch {
  readonly id: string;
  readonly change: ConversationChange;
}

/**
 * Changes a conversation: its title, whether it is pinned or archived, its leaf, its settings. It is
 * shown at once; when the server refuses, what was there comes back, and a toast says why.
 */
export function usePatchConversation() {
  const server = useServer();
  const client = useQueryClient();
  const refused = useRefused();
  return useMutation({
    mutationFn: ({ id, change }: Patch) => patchConversation(id, change, server),
    onMutate: async ({ id, change }) => {
      await holdLists(client);
      await client.cancelQueries({ queryKey: keys.one(id) });
      const summary = cachedSummary(client, id);
      const open = client.getQueryData<Conversation>(keys.one(id));
      if (summary !== undefined) cacheSummary(client, { ...summary, ...given(change) });
      if (open !== undefined) client.setQueryData(keys.one(id), { ...open, ...given(change) });
      return { summary, open };
    },
    onError: (error, { id }, before) => {
      if (before?.summary !== undefined) cacheSummary(client, before.summary);
      if (before?.open !== undefined) client.setQueryData(keys.one(id), before.open);
      refused("notSaved", error);
    },
    onSuccess: (summary) => cacheSummary(client, summary),
    onSettled: (_summary, _error, { id }) => readRest(client, id),
  });
}

/** Puts a conversation into the archive or takes it out, says so, and offers to take that back. */
export function useArchive() {
  const { mutate: patch, mutateAsync: patchAsync } = usePatchConversation();
  const { say } = useLanguage();
  const show = useToast();
  return useCallback(
    (id: string, archived: boolean) => {
      const undo = () => patch({ id, change: { archived: !archived } });
      const said = () =>
        show({
          text: say(archived ? "wasArchived" : "wasUnarchived"),
          action: { label: say("undo"), testId: "undo-archive", undoes: true, onPress: undo },
        });
      // Not a callback of the mutation: the last row takes the list, and with it those, away.
      void patchAsync({ id, change: { archived } }).then(said, refusedAlready);
    },
    [patch, patchAsync, show, say],
  );
}

/** Says what did not happen and why. */
export function useRefused() {
  const language = useLanguage();
  const show = useToast();
  return (what: PlainKey, error: Error) =>
    show({ text: `${language.say(what)} ${describeError(language, error)}` });
}

/** For a promise of a mutation: the mutation itself has said that it was refused, and why. */
export function refusedAlready(): void {}

/** What an answer leaves open: where a branch goes on, and what else has happened meanwhile. */
export function readRest(client: QueryClient, id: string): void {
  void readAgain(client, { queryKey: keys.one(id) });
  void readAgain(client, { queryKey: keys.searches });
}

/** A change as members of a conversation: those that it names. */
function given(change: ConversationChange): Partial<Conversation> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
