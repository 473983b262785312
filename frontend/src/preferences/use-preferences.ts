import { useSyncExternalStore } from "react";
import { getPreferences, onPreferences, type Preferences } from "./preferences";

/** What somebody prefers in this browser, as it is now. */
export function usePreferences(): Preferences {
  return useSyncExternalStore(onPreferences, getPreferences);
}
