import { useMemo, useRef } from "react";
import { navigate } from "wouter/use-browser-location";
import type { ConversationSummary } from "../../api/schema";
import { conversationPath, NEW_CHAT_PATH, useOpenConversation } from "../../route";
import { useDeleteConversation } from "../data/deletion";
import { useArchive, usePatchConversation } from "../data/mutations";
import { useSidebar } from "../sidebar/sidebar-state";

/** The actions of a row's menu. */
export interface ConversationActions {
  rename(conversation: ConversationSummary, title: string): void;
  pin(conversation: ConversationSummary, pinned: boolean): void;
  archive(conversation: ConversationSummary, archived: boolean): void;
  /** Deletes it at once. If it is open, the page shows a new chat, and shows it again after an undo. */
  remove(conversation: ConversationSummary): void;
  share(conversation: ConversationSummary): void;
}

/** The actions, always the same object, so that rows need not render again. */
export function useConversationActions(): ConversationActions {
  const { mutate: patch } = usePatchConversation();
  const archive = useArchive();
  const deletion = useDeleteConversation().mutate;
  const { openDialog } = useSidebar();
  const open = useOpenConversation();
  const latest = useRef(open);
  latest.current = open;

  return useMemo(
    () => ({
      rename: ({ id }, title) => patch({ id, change: { title } }),
      pin: ({ id }, pinned) => patch({ id, change: { pinned } }),
      archive: ({ id }, archived) => archive(id, archived),
      remove: (summary) => {
        if (latest.current !== summary.id) return deletion({ summary });
        navigate(NEW_CHAT_PATH);
        deletion({
          summary,
          onUndone: () => navigate(conversationPath(summary.id)),
        });
      },
      share: ({ id }) => openDialog({ kind: "share", id }),
    }),
    [patch, archive, deletion, openDialog],
  );
}
