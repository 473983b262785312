import { useMemo, useRef } from "react";
import { navigate } from "wouter/use-browser-location";
import type { ConversationSummary } from "../../api/schema";
import { conversationPath, NEW_CHAT_PATH, useOpenConversation } from "../../route";
import { useDeleteConversation } from "../data/deletion";
import { useArchive, usePatchConversation } from "../data/mutations";
import { useSidebar } from "../sidebar/sidebar-state";

export type ConversationActions = ReturnType<typeof useConversationActions>;

/**
 * The actions of a row's menu, always the same object, so that rows need not render again.
 *
 * @param onLeave - called with the id of a conversation before it leaves the list
 */
export function useConversationActions(onLeave: (id: string) => void) {
  const { mutate: patch } = usePatchConversation();
  const archive = useArchive();
  const deletion = useDeleteConversation().mutate;
  const { openDialog } = useSidebar();
  const open = useOpenConversation();
  const latest = useRef({ open, onLeave });
  latest.current = { open, onLeave };

  return useMemo(
    () => ({
      rename: ({ id }: ConversationSummary, title: string) => patch({ id, change: { title } }),
      pin: ({ id }: ConversationSummary, pinned: boolean) => patch({ id, change: { pinned } }),
      archive: ({ id }: ConversationSummary, archived: boolean) => {
        latest.current.onLeave(id);
        archive(id, archived);
      },
      /** Deletes it at once. If it is open, the page shows a new chat, and shows it again after an undo. */
      remove: (summary: ConversationSummary) => {
        latest.current.onLeave(summary.id);
        if (latest.current.open !== summary.id) return deletion({ summary });
        navigate(NEW_CHAT_PATH);
        deletion({
          summary,
          onUndone: () => navigate(conversationPath(summary.id)),
        });
      },
      share: ({ id }: ConversationSummary) => openDialog({ kind: "share", id }),
    }),
    [patch, archive, deletion, openDialog],
  );
}
