import { ask } from "./client";
import type {
  Conversation,
  ConversationChange,
  ConversationList,
  ConversationSummary,
  ImportResult,
  SearchResults,
  Share,
  SharedConversation,
} from "./schema";

const ROOT = "/api/conversations";

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

/** A page of search results from `cursor` on; null: from the start. */
export function searchConversations(
  words: string,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<SearchResults> {
  const query = new URLSearchParams({ q: words });
  if (cursor !== null) query.set("cursor", cursor);
  return ask(`${ROOT}/search?${query}`, { signal });
}

/** A conversation with its settings and all its messages. */
export function readConversation(
  id: string,
  signal?: AbortSignal,
  server: typeof fetch = fetch,
): Promise<Conversation> {
  return ask(pathOf(id), { signal, server });
}

export function patchConversation(
  id: string,
  change: ConversationChange,
  server: typeof fetch = fetch,
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

/** Creates the link, or makes it show the current branch. */
export function shareConversation(id: string): Promise<Share> {
  return ask(`${pathOf(id)}/share`, { method: "POST" });
}

export function unshareConversation(id: string): Promise<void> {
  return ask(`${pathOf(id)}/share`, { method: "DELETE" });
}

export function readShared(token: string, signal?: AbortSignal): Promise<SharedConversation> {
  return ask(`/api/shared/${encodeURIComponent(token)}`, { signal });
}

/** Imports all conversations of an export, or none. */
export function importConversations(archive: Blob): Promise<ImportResult> {
  return ask(`${ROOT}/import`, { method: "POST", body: archive });
}

/** Markdown contains the shown branch, JSON all branches. */
export function exportPath(id: string, format: "markdown" | "json"): string {
  return `${pathOf(id)}/export?format=${format}`;
}

export const EXPORT_ALL_PATH = `${ROOT}/export`;

function pathOf(id: string): string {
  return `${ROOT}/${encodeURIComponent(id)}`;
}
