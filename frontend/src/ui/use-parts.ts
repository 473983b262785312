import { startTransition, useCallback } from "react";
import { useLanguage } from "../language/language-context";
import { useToast } from "./toasts";

type FetchPart = (load: () => Promise<unknown>, onFetched: () => void) => void;

/**
 * Fetches a part of the page that somebody asks for, and shows it then. Where it cannot be had a notice says so,
 * and it is asked for again the next time: the part itself, when it is lazy, is drawn only once it is there.
 */
export function useParts(): FetchPart {
  const { say } = useLanguage();
  const show = useToast();
  return useCallback(
    (load, onFetched) => {
      load().then(
        // A transition: what stands there stays, with its focus, until the part can take its place.
        () => startTransition(onFetched),
        () =>
          show({
            text: say("partLost"),
            // Some browsers do not ask twice, and a newer server may have other parts.
            action: { label: say("reload"), onPress: () => location.reload() },
          }),
      );
    },
    [show, say],
  );
}
