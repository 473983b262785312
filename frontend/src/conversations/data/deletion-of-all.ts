import { useMutation, useQueryClient } from "@tanstack/react-query";
import { deleteAllConversations } from "../../api/conversations";
import { invalidateAll } from "./cache";
import { useShowRefusal } from "./mutations";

/**
 * Removes all conversations for good.
 *
 * @param onDone - called when that is done, even if the caller is no longer mounted
 */
export function useDeleteAllConversations(onDone: () => void) {
  const client = useQueryClient();
  const showRefusal = useShowRefusal();
  return useMutation({
    mutationFn: deleteAllConversations,
    onSuccess: onDone,
    onError: (error) => showRefusal("notDeletedAll", error),
    // The server may have deleted some even if its answer did not arrive.
    onSettled: () => {
      invalidateAll(client);
    },
  });
}
