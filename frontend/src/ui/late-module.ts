import { useEffect, useSyncExternalStore } from "react";
import { ExternalStore } from "../generation/external-store";

/**
 * A module that is loaded after the first render, because a page without messages does not need it.
 *
 * @returns `load`, which never rejects, and the hook `useLate`, which returns undefined while the module loads and null
 * if it could not be loaded; the next component that mounts then tries again
 */
export function lateModule<T>(fetch: () => Promise<T>) {
  let module: T | null | undefined;
  let fetching: Promise<void> | undefined;
  const store = new ExternalStore();

  const settle = (result: T | null) => {
    module = result;
    fetching = undefined;
    store.notify();
  };
  const load = (): Promise<void> => {
    if (module) return Promise.resolve();
    fetching ??= fetch().then(settle, () => settle(null));
    return fetching;
  };
  const useLate = () => {
    useEffect(() => void load(), []);
    return useSyncExternalStore(store.subscribe, () => module);
  };
  return { load, useLate };
}
