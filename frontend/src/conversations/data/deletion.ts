import { useMutation, useQueryClient } from "@tanstack/react-query";
import { deleteConversation, restoreConversation } from "../../api/conversations";
import type { ConversationSummary } from "../../api/schema";
import { useLanguage } from "../../language/language-context";
import { useToast } from "../../ui/toasts";
import { cacheSummary, uncacheSummary, writeLists } from "./cache";
import { keys } from "./keys";
import { readRest, refusedAlready, useRefused } from "./mutations";

/** Deletes a conversation at once, and offers to take it back. `onUndone`: it is there again. */
export function useDeleteConversation() {
  const client = useQueryClient();
  const { say } = useLanguage();
  const show = useToast();
  const refused = useRefused();
  const restore = useRestoreConversation();
  return useMutation({
    mutationKey: keys.deletion,
    mutationFn: ({ summary }: Deletion) => deleteConversation(summary.id),
    onError: (error) => refused("notDeleted", error),
    onSuccess: async (_nothing, { summary, onUndone }) => {
      // An answer that is on its way would bring it back into the lists.
      await client.cancelQueries({ queryKey: keys.one(summary.id) });
      await writeLists(client, () => uncacheSummary(client, summary.id));
      const undo = () => restore.mutateAsync(summary.id).then(onUndone, refusedAlready);
      show({
        text: say("wasDeleted", { title: shortened(summary.title) }),
        action: { label: say("undo"), testId: "undo", undoes: true, onPress: undo },
      });
    },
  });
}

interface Deletion {
  readonly summary: ConversationSummary;
  readonly onUndone?: () => void;
}

/** Takes back a conversation that was deleted less than ten minutes ago. */
export function useRestoreConversation() {
  const client = useQueryClient();
  const refused = useRefused();
  return useMutation({
    mutationFn: (id: string) => restoreConversation(id),
    onError: (error) => refused("notRestored", error),
    onSuccess: (summary) => writeLists(client, () => cacheSummary(client, summary)),
    onSettled: (_summary, _error, id) => readRest(client, id),
  });
}

function shortened(title: string): string {
  return title.length > 40 ? `${title.slice(0, 39).trimEnd()}…` : title;
}
