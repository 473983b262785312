import { useEffect, useSyncExternalStore } from "react";
import { ExternalStore } from "../generation/external-store";
import { untilLoaded } from "../missing-modules";
import type { Load } from "./load-then";

/**
 * A module that is loaded after the first render, because a page without messages does not need it.
 *
 * @returns `load`, which never rejects, and the hook `useLate`, which returns the default export, undefined while it
 * loads and null while it is missing
 */
export function lateModule<T>(fetch: Load<T>) {
  let module: T | null | undefined;
  let loading: Promise<void> | undefined;
  const store = new ExternalStore();

  const settle = (result: T | null) => {
    module = result;
    store.notify();
  };
  const load = () => {
    loading ??= untilLoaded(fetch, () => settle(null)).then((there) => settle(there.default));
    return loading;
  };
  const useLate = () => {
    useEffect(() => void load(), []);
    return useSyncExternalStore(store.subscribe, () => module);
  };
  return { load, useLate };
}
