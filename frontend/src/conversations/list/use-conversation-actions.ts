import { useMemo, useRef } from "react";
import { navigate } from "wouter/use-browser-location";
import type { ConversationSummary } from "../../api/schema";
import { conversationPath, NEW_CHAT_PATH, useOpenConversation } from "../../route";
import { useDeleteConversation } from "../data/deletion";
import { useArchive, usePatchConversation } from "../data/mutations";
import { useSidebar } from "../sidebar/sidebar-state";

/** What a person can do with a conversation from its row. */
export interface ConversationActions {
  rename(conversation: ConversationSummary, title: string): void;
  pin(conversation: ConversationSummary, pinned: boolean): void;
  archive(conversation: ConversationSummary, archived: boolean): void;
  /** Deletes it at once. The page leaves it if it is the open one, and comes back if it is taken back. */
  remove(conversation: ConversationSummary): void;
  share(conversation: ConversationSummary): void;
}

/** The actions, the same object as long as the page lives: rows need not be drawn again for them. */
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
