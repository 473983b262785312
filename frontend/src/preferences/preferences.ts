import { isTransportKey, type TransportKey, USUAL } from "../generation/transports/table";
import { localStore } from "../storage";

/** What somebody prefers in this browser, wherever they are on the page. */
export interface Preferences {
  /** The code of a language; null: as the browser says. */
  readonly language: string | null;
  /** Null: as the system says. */
  readonly theme: "light" | "dark" | null;
  /** What replies come over. */
  readonly transport: TransportKey;
  /** Whether the text of a reply grows evenly, or as it arrives. */
  readonly isTextEven: boolean;
}

// `public/theme.js` reads the theme under it, before this script is there.
const KEY = "headwater:preferences";

const DEFAULTS: Preferences = { language: null, theme: null, transport: USUAL, isTextEven: false };

let preferences = read();
const listeners = new Set<() => void>();

/** The preferences as they are now. They are replaced, never changed. */
export function getPreferences(): Preferences {
  return preferences;
}

/** Keeps a preference. Where the browser keeps nothing, it lives with the page. */
export function prefer(change: Partial<Preferences>): void {
  preferences = { ...preferences, ...change };
  localStore.write(KEY, JSON.stringify(preferences));
  tell();
}

/** Calls back when a preference has changed, here or in another tab, until the returned function is called. */
export function onPreferences(listener: () => void): () => void {
  if (listeners.size === 0) addEventListener("storage", onStorage);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) removeEventListener("storage", onStorage);
  };
}

function onStorage({ key }: StorageEvent): void {
  if (key !== KEY && key !== null) return;
  preferences = read();
  tell();
}

function tell(): void {
  for (const listener of listeners) listener();
}

function read(): Preferences {
  const kept = localStore.readJson(KEY);
  if (typeof kept !== "object" || kept === null) return DEFAULTS;
  const { language, theme, transport, isTextEven } = kept as Record<string, unknown>;
  return {
    language: typeof language === "string" ? language : null,
    theme: theme === "light" || theme === "dark" ? theme : null,
    transport: isTransportKey(transport) ? transport : USUAL,
    isTextEven: isTextEven === true,
  };
}
