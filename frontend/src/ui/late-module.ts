import { useEffect, useSyncExternalStore } from "react";

/**
 * Something that the page fetches right after the first look, because a page without messages does without it.
 *
 * @returns `load`, which never rejects, and the hook `useLate`: undefined until it is known whether it can be had;
 * null if it could not be: then whoever is drawn next asks for it again
 */
export function lateModule<T>(fetch: () => Promise<T>) {
  let module: T | null | undefined;
  let fetching: Promise<void> | undefined;
  const listeners = new Set<() => void>();

  const settle = (result: T | null) => {
    module = result;
    fetching = undefined;
    for (const listener of listeners) listener();
  };
  const load = (): Promise<void> => {
    if (module) return Promise.resolve();
    fetching ??= fetch().then(settle, () => settle(null));
    return fetching;
  };
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const useLate = () => {
    useEffect(() => void load(), []);
    return useSyncExternalStore(subscribe, () => module);
  };
  return { load, useLate };
}
