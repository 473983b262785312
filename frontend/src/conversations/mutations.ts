import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import {
  deleteConversation,
  importConversations,
  patchConversation,
  restoreConversation,
  shareConversation,
  unshareConversation,
} from "../api/conversations";
import type { Conversation, ConversationChange, ConversationSummary } from "../api/schema";
import { Problem } from "../generation/problem";
import { useToast } from "../ui/toasts";
import { cachedSummary, cacheSummary, holdLists, readAgain, uncacheSummary } from "./cached";
import { keys } from "./keys";

interface Patch {
  readonly id: string;
  readonly change: ConversationChange;
}

/**
 * Changes a conversation: its title, whether it is pinned or archived, its leaf, its settings. It is
 * shown at once; when the server refuses, what was there comes back, and a toast says why.
 */
export function usePatchConversation() {
  const client = useQueryClient();
  const refused = useRefused();
  return useMutation({
    mutationFn: ({ id, change }: Patch) => patchConversation(id, change),
    onMutate: async ({ id, change }) => {
      await holdLists(client);
      await client.cancelQueries({ queryKey: keys.one(id) });
      const summary = cachedSummary(client, id);
      const open = client.getQueryData<Conversation>(keys.one(id));
      if (summary !== undefined) cacheSummary(client, { ...summary, ...given(change) });
      if (open !== undefined) client.setQueryData(keys.one(id), { ...open, ...given(change) });
      return { summary, open };
    },
    onError: (error, { id }, before) => {
      if (before?.summary !== undefined) cacheSummary(client, before.summary);
      if (before?.open !== undefined) client.setQueryData(keys.one(id), before.open);
      refused("This could not be saved.", error);
    },
    onSuccess: (summary) => cacheSummary(client, summary),
    onSettled: (_summary, _error, { id }) => readRest(client, id),
  });
}

/** Puts a conversation into the archive or takes it out, says so, and offers to take that back. */
export function useArchive() {
  const { mutate: patch, mutateAsync: patchAsync } = usePatchConversation();
  const show = useToast();
  return useCallback(
    (id: string, archived: boolean) => {
      const undo = () => patch({ id, change: { archived: !archived } });
      const said = () =>
        show({
          text: archived ? "Archived. It can still be searched." : "Back in the list.",
          action: { label: "Undo", testId: "undo-archive", undoes: true, onPress: undo },
        });
      // Not a callback of the mutation: the last row takes the list, and with it those, away.
      void patchAsync({ id, change: { archived } }).then(said, refusedAlready);
    },
    [patch, patchAsync, show],
  );
}

/** Deletes a conversation at once, and offers to take it back. `onUndone`: it is there again. */
export function useDeleteConversation() {
  const client = useQueryClient();
  const show = useToast();
  const refused = useRefused();
  const restore = useRestoreConversation();
  return useMutation({
    mutationFn: ({ summary }: Deletion) => deleteConversation(summary.id),
    onMutate: async ({ summary }) => {
      await holdLists(client);
      uncacheSummary(client, summary.id);
    },
    onError: (error, { summary }) => {
      cacheSummary(client, summary);
      refused("This conversation could not be deleted.", error);
    },
    onSuccess: (_nothing, { summary, onUndone }) => {
      const undo = () => restore.mutateAsync(summary.id).then(onUndone, refusedAlready);
      show({
        text: `“${shortened(summary.title)}” was deleted.`,
        action: { label: "Undo", testId: "undo", undoes: true, onPress: undo },
      });
    },
  });
}

interface Deletion {
  readonly summary: ConversationSummary;
  readonly onUndone?: () => void;
}

/** Takes back a conversation that was deleted less than ten minutes ago. */
export function useRestoreConversation() {
  const client = useQueryClient();
  const refused = useRefused();
  return useMutation({
    mutationFn: (id: string) => restoreConversation(id),
    onError: (error) => refused("This conversation could not be taken back.", error),
    onSuccess: (summary) => cacheSummary(client, summary),
    onSettled: (_summary, _error, id) => readRest(client, id),
  });
}

/** Makes the link, or brings what it shows up to date. */
export function useShareConversation() {
  const client = useQueryClient();
  const refused = useRefused();
  return useMutation({
    mutationFn: (id: string) => shareConversation(id),
    onError: (error) => refused("The link could not be made.", error),
    onSuccess: ({ token }, id) => cacheShare(client, id, token),
  });
}

/** Takes the link back: from now on it leads nowhere. */
export function useUnshareConversation() {
  const client = useQueryClient();
  const refused = useRefused();
  return useMutation({
    mutationFn: (id: string) => unshareConversation(id),
    onError: (error) => refused("The conversation is still shared.", error),
    onSuccess: (_nothing, id) => cacheShare(client, id, null),
  });
}

/**
 * Adds the conversations of a file that was exported, says so while it takes its time, and then how many there
 * were. `onOpen`: there was one, and it is to be shown.
 */
export function useImportConversations(onOpen: (id: string) => void) {
  const client = useQueryClient();
  const show = useToast();
  return useMutation({
    mutationFn: (archive: File) => {
      const imported = importConversations(archive);
      show({
        text: `Importing “${archive.name}” (${describeSize(archive.size)})…`,
        until: imported,
      });
      return imported;
    },
    onError: (error, archive) =>
      show({ text: `“${archive.name}” was not imported. ${whyNotImported(error)}` }),
    onSuccess: ({ conversations }) => {
      const [only, ...others] = conversations;
      const text = counted(conversations.length);
      if (only === undefined || others.length > 0) show({ text });
      else
        show({ text, action: { label: "Open", testId: "open", onPress: () => onOpen(only.id) } });
      return readAgain(client, { queryKey: keys.lists });
    },
  });
}

/** Says what did not happen and why. */
function useRefused() {
  const show = useToast();
  return (what: string, error: Error) => show({ text: `${what} ${error.message}` });
}

function cacheShare(client: QueryClient, id: string, share: string | null): void {
  const summary = cachedSummary(client, id);
  if (summary !== undefined) cacheSummary(client, { ...summary, shared: share !== null });
  client.setQueryData<Conversation>(keys.one(id), (open) => open && { ...open, share });
}

/** For a promise of a mutation: the mutation itself has said that it was refused, and why. */
export function refusedAlready(): void {}

/** What an answer leaves open: where a branch goes on, and what else has happened meanwhile. */
function readRest(client: QueryClient, id: string): void {
  void readAgain(client, { queryKey: keys.one(id) });
  void readAgain(client, { queryKey: keys.searches });
}

/** A change as members of a conversation: those that it names. */
function given(change: ConversationChange): Partial<Conversation> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

function whyNotImported(error: Error): string {
  if (!(error instanceof Problem)) return error.message;
  if (error.status === 413) return "It is too large: 64 MB is the most that can be taken at once.";
  if (error.status !== 400) return error.message;
  return "It is not a file that was exported here, or it was changed since.";
}

function describeSize(bytes: number): string {
  return bytes < 1_000_000
    ? `${Math.ceil(bytes / 1_000)} kB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function counted(conversations: number): string {
  if (conversations === 0) return "There are no conversations in this file.";
  return conversations === 1
    ? "One conversation was imported."
    : `${conversations.toLocaleString("en")} conversations were imported.`;
}

function shortened(title: string): string {
  return title.length > 40 ? `${title.slice(0, 39).trimEnd()}…` : title;
}
