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

/** Where the feed of changes is. */
export const CHANGES_PATH = `${ROOT}/events`;

/** Which conversations to list. */
export interface ListChoice {
  readonly archived: boolean;
  readonly pinned: boolean;
}

/** How many conversations come with one page of the list; the wire allows 200 at most. */
export const LIST_PAGE = 200;

/** One page of the list, newest first, from `cursor` on (null: from the start). */
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
  return ask(`${ROOT}?${query}`, within(signal));
}

/** One page of what a search finds, from `cursor` on (null: from the start). */
export function searchConversations(
  words: string,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<SearchResults> {
  const query = new URLSearchParams({ q: words });
  if (cursor !== null) query.set("cursor", cursor);
  return ask(`${ROOT}/search?${query}`, within(signal));
}

/** A conversation with its settings and all its messages. */
export function readConversation(
  id: string,
  signal?: AbortSignal,
  server: typeof fetch = fetch,
): Promise<Conversation> {
  return ask(pathOf(id), { ...within(signal), server });
}

/** Changes what `change` names, and answers with the conversation as in the list. */
export function patchConversation(
  id: string,
  change: ConversationChange,
  server: typeof fetch = fetch,
): Promise<ConversationSummary> {
  return ask(pathOf(id), { method: "PATCH", body: change, server, outlivesPage: true });
}

/** Deletes a conversation; for ten minutes `restoreConversation` can take it back. */
export function deleteConversation(id: string): Promise<void> {
  return ask(pathOf(id), { method: "DELETE", outlivesPage: true });
}

export function restoreConversation(id: string): Promise<ConversationSummary> {
  return ask(`${pathOf(id)}/restore`, { method: "POST" });
}

/** Makes the link to the branch as it is now; asked again, the same link shows the branch of then. */
export function shareConversation(id: string): Promise<Share> {
  return ask(`${pathOf(id)}/share`, { method: "POST" });
}

/** The link stops working at once. */
export function unshareConversation(id: string): Promise<void> {
  return ask(`${pathOf(id)}/share`, { method: "DELETE" });
}

/** What a shared link shows; no cookie is needed. */
export function readShared(token: string, signal?: AbortSignal): Promise<SharedConversation> {
  return ask(`/api/shared/${encodeURIComponent(token)}`, within(signal));
}

/** Adds the conversations of an export; all of them or none. */
export function importConversations(archive: Blob): Promise<ImportResult> {
  return ask(`${ROOT}/import`, { method: "POST", body: archive });
}

/** Where a conversation can be downloaded. Markdown holds the branch that is shown, JSON all of it. */
export function exportPath(id: string, format: "markdown" | "json"): string {
  return `${pathOf(id)}/export?format=${format}`;
}

/** Where all conversations can be downloaded, as JSON. */
export const EXPORT_ALL_PATH = `${ROOT}/export`;

function pathOf(id: string): string {
  return `${ROOT}/${encodeURIComponent(id)}`;
}

function within(signal: AbortSignal | undefined) {
  return signal === undefined ? {} : { signal };
}
