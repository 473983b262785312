import { useEffect, useState } from "react";
import { type BrowserStorage, localStore } from "../../storage";

const PREFIX = "headwater:draft:";
const MOST_DRAFTS = 50;
const LONGEST = 100_000;

export const NEW_CHAT = "new";

/** The draft of a conversation, or "". It is read only once, so that other tabs do not change what is being typed. */
export function readDraft(storage: BrowserStorage, conversation: string): string {
  return read(storage, PREFIX + conversation)?.text ?? "";
}

/** Saves a draft, or removes it if it is blank or longer than 100,000 characters. The latest fifty are kept. */
export function writeDraft(
  storage: BrowserStorage,
  conversation: string,
  text: string,
  now = Date.now(),
): void {
  const isKept = text.trim() !== "" && text.length <= LONGEST;
  storage.write(PREFIX + conversation, isKept ? JSON.stringify({ text, at: now }) : null);
  const drafts = storage.names().filter((name) => name.startsWith(PREFIX));
  if (drafts.length <= MOST_DRAFTS) return;
  for (const old of newestFirst(storage, drafts).slice(MOST_DRAFTS)) storage.write(old, null);
}

function newestFirst(storage: BrowserStorage, names: readonly string[]): readonly string[] {
  return names
    .map((name) => ({ name, at: read(storage, name)?.at ?? 0 }))
    .sort((one, other) => other.at - one.at)
    .map(({ name }) => name);
}

function read(storage: BrowserStorage, name: string): { text: string; at: number } | null {
  const kept = storage.readJson(name);
  if (typeof kept !== "object" || kept === null) return null;
  const { text, at } = kept as Record<string, unknown>;
  return typeof text === "string" && typeof at === "number" ? { text, at } : null;
}

/** Saves a text as the draft of a conversation (null: a new chat), unless another one was written meanwhile. */
export function restoreDraft(conversation: string | null, text: string): void {
  const name = conversation ?? NEW_CHAT;
  if (readDraft(localStore, name) === "") writeDraft(localStore, name, text);
}

/**
 * The draft of a conversation (null: a new chat), which survives reloads.
 *
 * @param refused - a question that the server refused, which is shown in an empty box
 */
export function useDraft(conversation: string | null, refused: string | null) {
  const name = conversation ?? NEW_CHAT;
  const [draft, show] = useState(() => readDraft(localStore, name));
  useEffect(() => {
    if (refused !== null) show((written) => (written === "" ? refused : written));
  }, [refused]);
  const setDraft = (text: string) => {
    show(text);
    writeDraft(localStore, name, text);
  };
  return [draft, setDraft] as const;
}
