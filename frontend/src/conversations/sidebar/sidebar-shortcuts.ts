import { useQueryClient } from "@tanstack/react-query";
import { navigate } from "wouter/use-browser-location";
import { useLanguage } from "../../language/language-context";
import { conversationPath, NEW_CHAT_PATH, useOpenConversation } from "../../route";
import { useToastAction } from "../../ui/toasts";
import { useWindowEvent } from "../../ui/use-window-event";
import { cachedSummary } from "../data/cache";
import { keys } from "../data/keys";
import { useOptimisticChanges, withChanges } from "../data/optimistic";
import { conversationsOf, type Listed } from "../data/pages";
import { listRows } from "../list/list-rows";
import { commandOf } from "./shortcut-command";
import { useSidebar } from "./sidebar-state";

/** Handles shortcuts anywhere on the page, except in a dialog. */
export function SidebarShortcuts(): null {
  const { leave, leaveForNewChat, search, openDialog } = useSidebar();
  const language = useLanguage();
  const client = useQueryClient();
  const open = useOpenConversation();
  const act = useToastAction();
  const optimistic = useOptimisticChanges();

  const goTo = (path: string) => {
    leave();
    navigate(path);
  };
  const neighbour = (by: 1 | -1): string | null => {
    const [pinned, others] = [true, false].map((pinned) => {
      const choice = { archived: false, pinned };
      const listed = client.getQueryData<Listed>(keys.list(choice));
      const known = (id: string) => cachedSummary(client, id);
      return conversationsOf(listed && withChanges(optimistic, listed, choice, known));
    });
    const ids = listRows(language, pinned ?? [], others ?? [], new Date())
      .filter((row) => row.kind === "conversation")
      .map((row) => row.key);
    const index = open === null ? -1 : ids.indexOf(open);
    // A new chat stands before the newest conversation.
    return ids[index === -1 && by === -1 ? -1 : index + by] ?? null;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const focused = document.activeElement;
    if (event.defaultPrevented) return;
    if (focused?.closest('[role="dialog"]:not([data-drawer])')) return;
    const command = commandOf(event, focused);
    if (command === null) return;
    if (command === "undo" && !act()) return;
    event.preventDefault();
    if (command === "new-chat") {
      leaveForNewChat();
      goTo(NEW_CHAT_PATH);
    }
    if (command === "search") search();
    if (command === "shortcuts") openDialog({ kind: "shortcuts" });
    if (command === "next" || command === "previous") {
      const id = neighbour(command === "next" ? 1 : -1);
      if (id !== null) goTo(conversationPath(id));
    }
  };
  useWindowEvent("keydown", onKeyDown);
  return null;
}
