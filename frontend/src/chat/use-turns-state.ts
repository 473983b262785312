import { useSyncExternalStore } from "react";
import type { Turns, TurnsState } from "./turns";

/** Everything that runs on the page, as it is now. */
export function useTurnsState(turns: Turns): TurnsState {
  return useSyncExternalStore(turns.subscribe, turns.getSnapshot);
}
