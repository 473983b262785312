import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { patchConversation } from "../../api/conversations";
import { useServer } from "../../api/server-context";
import { describeError } from "../../language/describe-problem";
import { useLanguage } from "../../language/language-context";
import type { PlainKey } from "../../language/translation";
import { useToast } from "../../ui/toasts";
import { cacheSummary, invalidate, writeLists } from "./cache";
import { keys } from "./keys";
import type { Patch } from "./optimistic";
import { sendInOrder } from "./serial-queue";

/**
 * Changes a conversation: its title, whether it is pinned or archived, its leaf, its settings. The change is shown at
 * once (`optimistic.ts`). If the server refuses it, it disappears, and a toast says why.
 */
export function usePatchConversation() {
  const server = useServer();
  const client = useQueryClient();
  const showRefusal = useShowRefusal();
  return useMutation({
    mutationKey: keys.change,
    mutationFn: ({ id, change }: Patch) =>
      sendInOrder(client, id, () => patchConversation(id, change, server)),
    onError: (error) => showRefusal("notSaved", error),
    onSuccess: (summary) => writeLists(client, () => cacheSummary(client, summary)),
    // The mutation is pending, and so its change is shown, until the conversation has been read again.
    onSettled: (_summary, _error, { id }) => invalidateConversation(client, id),
  });
}

/** Archives or unarchives a conversation and offers to undo that. */
export function useArchive() {
  const { mutate: patch, mutateAsync: patchAsync } = usePatchConversation();
  const { say } = useLanguage();
  const show = useToast();
  return useCallback(
    (id: string, archived: boolean) => {
      const undo = () => patch({ id, change: { archived: !archived } });
      const offerUndo = () =>
        show({
          text: say(archived ? "wasArchived" : "wasUnarchived"),
          action: { label: say("undo"), testId: "undo-archive", undoes: true, onPress: undo },
        });
      // Not a callback of the mutation, because the last row unmounts the list and with it the mutation.
      void patchAsync({ id, change: { archived } }).then(offerUndo, ignoreRefusal);
    },
    [patch, patchAsync, show, say],
  );
}

/** Shows a toast about a refused change. */
export function useShowRefusal() {
  const language = useLanguage();
  const show = useToast();
  return (what: PlainKey, error: Error) =>
    show({ text: `${language.say(what)} ${describeError(language, error)}` });
}

/** For promises of mutations, which report a refusal themselves. */
export function ignoreRefusal(): void {}

/** Reads again what the response to a change does not contain. */
export function invalidateConversation(client: QueryClient, id: string): Promise<void> {
  void invalidate(client, { queryKey: keys.searches });
  return invalidate(client, { queryKey: keys.one(id) });
}
