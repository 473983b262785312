import { startTransition } from "react";
import { reportMissing } from "../missing-modules";

/** Imports a module by its default export. */
export type Load<T = unknown> = () => Promise<{ readonly default: T }>;

/** Loads a module that a person asked for and then calls back. */
export function loadThen(load: Load, onLoaded: () => void): void {
  load().then(
    // A transition keeps the current elements, and their focus, until the new ones can replace them.
    () => startTransition(onLoaded),
    () => reportMissing(),
  );
}
