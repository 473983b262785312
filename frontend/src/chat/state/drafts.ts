import { useState } from "react";
import { type BrowserStorage, localStore } from "../../storage";

const PREFIX = "headwater:draft:";
const MOST_DRAFTS = 50;
const LONGEST = 100_000;

/** The name of the draft of a new chat. */
export const NEW_CHAT = "new";

/**
 * The draft that was left in a conversation, or nothing. It is read once, when the box is opened: what
 * another tab writes later does not reach into what is being typed here.
 */
export function readDraft(storage: BrowserStorage, conversation: string): string {
  return read(storage, PREFIX + conversation)?.text ?? "";
}

/** Keeps a draft; a blank one is forgotten. The fifty latest are kept, and none of more than 100,000 characters. */
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

/** What stands in the box of a conversation (null: a new one), kept over reloads and while away. */
export function useDraft(conversation: string | null) {
  const name = conversation ?? NEW_CHAT;
  const [draft, show] = useState(() => readDraft(localStore, name));
  const setDraft = (text: string) => {
    show(text);
    writeDraft(localStore, name, text);
  };
  /** Puts text back into the box, unless something else was written there meanwhile. */
  const giveBack = (text: string) => {
    show((written) => (written === "" ? text : written));
    if (readDraft(localStore, name) === "") writeDraft(localStore, name, text);
  };
  return { draft, setDraft, giveBack };
}
