import { startTransition, useCallback } from "react";
import { useLanguage } from "../language/language-context";
import { useToast } from "./toasts";

/** Imports a module by its default export. */
export type Load<T = unknown> = () => Promise<{ readonly default: T }>;
type LoadThen = (load: Load, onLoaded: () => void) => void;

/** Returns a function that loads a module and then calls back. If loading fails, a toast says so. */
export function useLoad(): LoadThen {
  const { say } = useLanguage();
  const show = useToast();
  return useCallback(
    (load, onLoaded) => {
      load().then(
        // A transition keeps the current elements, and their focus, until the new ones can replace them.
        () => startTransition(onLoaded),
        () =>
          show({
            text: say("partLost"),
            // Some browsers do not retry an import, and a newer server may have other modules.
            action: { label: say("reload"), onPress: () => location.reload() },
          }),
      );
    },
    [show, say],
  );
}
