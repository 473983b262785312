import { useSyncExternalStore } from "react";
import { ExternalStore } from "../generation/external-store";
import { isTransportKey, type TransportKey, USUAL } from "../generation/transports/table";
import { keyOf, localStore } from "../storage";

/** The preferences of this browser. They are replaced, never mutated. */
export interface Preferences {
  /** The code of a language; null: the browser's. */
  readonly language: string | null;
  /** Null: the system's. */
  readonly theme: "light" | "dark" | null;
  readonly transport: TransportKey;
  /** Whether the text of a reply is smoothed. */
  readonly isTextEven: boolean;
}

// `public/theme.js` reads the theme from it before this script runs.
const KEY = "headwater:preferences";

const DEFAULTS: Preferences = { language: null, theme: null, transport: USUAL, isTextEven: false };

let preferences = read();
const store = new ExternalStore();
// Another tab may change them.
globalThis.addEventListener?.("storage", onStorage);

export function getPreferences(): Preferences {
  return preferences;
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(store.subscribe, getPreferences);
}

/** Changes preferences and saves them if the browser allows it. */
export function prefer(change: Partial<Preferences>): void {
  preferences = { ...preferences, ...change };
  localStore.write(KEY, JSON.stringify(preferences));
  store.notify();
}

function onStorage({ key }: StorageEvent): void {
  if (key !== keyOf(KEY) && key !== null) return;
  preferences = read();
  store.notify();
}

function read(): Preferences {
  const saved = localStore.readJson(KEY);
  if (typeof saved !== "object" || saved === null) return DEFAULTS;
  const { language, theme, transport, isTextEven } = saved as Record<string, unknown>;
  return {
    language: typeof language === "string" ? language : null,
    theme: theme === "light" || theme === "dark" ? theme : null,
    transport: isTransportKey(transport) ? transport : USUAL,
    isTextEven: isTextEven === true,
  };
}
