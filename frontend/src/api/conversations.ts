import { ownServer } from "../own-server";
import { ask } from "./client";
import type {
  Conversation,
  ConversationChange,
  ConversationList,
  ConversationSummary,
} from "./schema";

export const ROOT = "/api/conversations";

/** The change feed. */
export const CHANGES_PATH = `${ROOT}/events`;

/** Selects one of the four lists. */
export interface ListChoice {
  readonly archived: boolean;
  readonly pinned: boolean;
}

/** The most conversations that the server allows on a page. */
const LIST_PAGE = 200;

/** A page of a list, newest first, from `cursor` on; null: from the start. */
export function listConversations(
  { archived, pinned }: ListChoice,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<ConversationList> {
  const query = new URLSearchParams({
    archived: String(archived),
    pinned: String(pinned),
    limit: String(LIST_PAGE),
  });
  if (cursor !== null) query.set("cursor", cursor);
  return ask(`${ROOT}?${query}`, { signal });
}

/** A conversation with its settings and all its messages. */
export function readConversation(
  id: string,
  signal?: AbortSignal,
  server = ownServer,
): Promise<Conversation> {
  return ask(pathOf(id), { signal, server });
}

export function patchConversation(
  id: string,
  change: ConversationChange,
  server = ownServer,
): Promise<ConversationSummary> {
  return ask(pathOf(id), { method: "PATCH", body: change, server, outlivesPage: true });
}

/** `restoreConversation` can undo this for ten minutes. */
export function deleteConversation(id: string): Promise<void> {
  return ask(pathOf(id), { method: "DELETE", outlivesPage: true });
}

/** Removes all conversations for good. */
export function deleteAllConversations(): Promise<void> {
  return ask(ROOT, { method: "DELETE" });
}

export function restoreConversation(id: string): Promise<ConversationSummary> {
  return ask(`${pathOf(id)}/restore`, { method: "POST" });
}

export function pathOf(id: string): string {
  return `${ROOT}/${encodeURIComponent(id)}`;
}
