import { useMutation, useQueryClient } from "@tanstack/react-query";
import { deleteAllConversations } from "../../api/conversations";
import { invalidateAll } from "./cache";
import { useShowRefusal } from "./mutations";

/** Removes all conversations for good. */
export function useDeleteAllConversations() {
  const client = useQueryClient();
  const showRefusal = useShowRefusal();
  return useMutation({
    mutationFn: deleteAllConversations,
    onError: (error) => showRefusal("notDeletedAll", error),
    // The server may have deleted some even if its answer did not arrive.
    onSettled: () => {
      invalidateAll(client);
    },
  });
}
