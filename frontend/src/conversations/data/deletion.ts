import { useMutation, useQueryClient } from "@tanstack/react-query";
import { deleteConversation, restoreConversation } from "../../api/conversations";
import type { ConversationSummary } from "../../api/schema";
import { useLanguage } from "../../language/language-context";
import { useToast } from "../../ui/toasts";
import { cacheSummary, uncacheSummary, writeLists } from "./cache";
import { keys } from "./keys";
import { ignoreRefusal, invalidateConversation, useShowRefusal } from "./mutations";

/** Deletes a conversation at once and offers to undo that. */
export function useDeleteConversation() {
  const client = useQueryClient();
  const { say } = useLanguage();
  const show = useToast();
  const showRefusal = useShowRefusal();
  const restore = useRestoreConversation();
  return useMutation({
    mutationKey: keys.deletion,
    mutationFn: ({ summary }: Deletion) => deleteConversation(summary.id),
    onError: (error) => showRefusal("notDeleted", error),
    onSuccess: async (_nothing, { summary, onUndone }) => {
      // A response in flight would write it into the lists again.
      await client.cancelQueries({ queryKey: keys.one(summary.id) });
      await writeLists(client, () => uncacheSummary(client, summary.id));
      const undo = () => restore.mutateAsync(summary.id).then(onUndone, ignoreRefusal);
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

/** Restores a conversation that was deleted less than ten minutes ago. */
function useRestoreConversation() {
  const client = useQueryClient();
  const showRefusal = useShowRefusal();
  return useMutation({
    mutationFn: (id: string) => restoreConversation(id),
    onError: (error) => showRefusal("notRestored", error),
    onSuccess: (summary) => writeLists(client, () => cacheSummary(client, summary)),
    onSettled: (_summary, _error, id) => invalidateConversation(client, id),
  });
}

function shortened(title: string): string {
  return title.length > 40 ? `${title.slice(0, 39).trimEnd()}…` : title;
}
