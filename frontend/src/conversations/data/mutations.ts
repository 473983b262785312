import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { patchConversation } from "../../api/conversations";
import { useServer } from "../../api/server-context";
import { describeError } from "../../language/describe-problem";
import { useLanguage } from "../../language/language-context";
import type { PlainKey } from "../../language/translation";
import { useToast } from "../../ui/toasts";
import { cacheSummary, readAgain, writeLists } from "./cache";
import { keys } from "./keys";
import type { Patch } from "./optimistic";
import { sendInOrder } from "./serial-queue";

/**
 * Changes a conversation: its title, whether it is pinned or archived, its leaf, its settings. It is
 * shown at once, as what is under way; when the server refuses, what was there comes back, and a toast
 * says why.
 */
export function usePatchConversation() {
  const server = useServer();
  const client = useQueryClient();
  const refused = useRefused();
  return useMutation({
    mutationKey: keys.change,
    mutationFn: ({ id, change }: Patch) =>
      sendInOrder(client, id, () => patchConversation(id, change, server)),
    onError: (error) => refused("notSaved", error),
    onSuccess: (summary) => writeLists(client, () => cacheSummary(client, summary)),
    // It is under way until what the server made of it has been read.
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
export function readRest(client: QueryClient, id: string): Promise<void> {
  void readAgain(client, { queryKey: keys.searches });
  return readAgain(client, { queryKey: keys.one(id) });
}
