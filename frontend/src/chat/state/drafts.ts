import { useState } from "react";

const PREFIX = "headwater:draft:";
const MOST_DRAFTS = 50;
const LONGEST = 100_000;

/** Where drafts are kept: the part of `localStorage` that is used. */
export type DraftStorage = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

/** What a draft is kept under before its conversation has a name. */
export const NEW_CHAT = "new";

/**
 * The draft that was left in a conversation, or nothing. It is read once, when the box is opened: what
 * another tab writes later does not reach into what is being typed here.
 */
export function readDraft(storage: DraftStorage | null, conversation: string): string {
  return (storage && read(storage, PREFIX + conversation)?.text) ?? "";
}

/**
 * Keeps a draft; a blank one is forgotten. The fifty latest are kept, and none of more than 100,000
 * characters. Where the browser keeps nothing (it is full, or told not to), the draft lives with the page.
 */
export function writeDraft(
  storage: DraftStorage | null,
  conversation: string,
  text: string,
  now = Date.now(),
): void {
  if (storage === null) return;
  const key = PREFIX + conversation;
  try {
    const isKept = text.trim() !== "" && text.length <= LONGEST;
    if (isKept) storage.setItem(key, JSON.stringify({ text, at: now }));
    else storage.removeItem(key);
    const drafts = draftKeys(storage);
    if (drafts.length <= MOST_DRAFTS) return;
    for (const old of newestFirst(storage, drafts).slice(MOST_DRAFTS)) storage.removeItem(old);
  } catch {
    // A draft that cannot be kept is no reason to disturb the person who writes it.
  }
}

/** The browser's own storage; null where it is forbidden. */
export function browserStorage(): DraftStorage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

function draftKeys(storage: DraftStorage): readonly string[] {
  return Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "").filter(
    (key) => key.startsWith(PREFIX),
  );
}

function newestFirst(storage: DraftStorage, keys: readonly string[]): readonly string[] {
  return keys
    .map((key) => ({ key, at: read(storage, key)?.at ?? 0 }))
    .sort((one, other) => other.at - one.at)
    .map(({ key }) => key);
}

function read(storage: DraftStorage, key: string): { text: string; at: number } | null {
  try {
    const kept: unknown = JSON.parse(storage.getItem(key) ?? "null");
    if (typeof kept !== "object" || kept === null) return null;
    const { text, at } = kept as Record<string, unknown>;
    return typeof text === "string" && typeof at === "number" ? { text, at } : null;
  } catch {
    return null;
  }
}

/** What stands in the box of a conversation (null: a new one), kept over reloads and while away. */
export function useDraft(conversation: string | null) {
  const name = conversation ?? NEW_CHAT;
  const [draft, show] = useState(() => readDraft(browserStorage(), name));
  const setDraft = (text: string) => {
    show(text);
    writeDraft(browserStorage(), name, text);
  };
  /** Puts text back into the box, unless something else was written there meanwhile. */
  const giveBack = (text: string) => {
    show((written) => (written === "" ? text : written));
    if (readDraft(browserStorage(), name) === "") writeDraft(browserStorage(), name, text);
  };
  return { draft, setDraft, giveBack };
}
