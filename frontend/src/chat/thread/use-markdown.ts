import { useEffect, useSyncExternalStore } from "react";

type Markdown = typeof import("./smoothed-markdown").FlowingMarkdown;

let markdown: Markdown | null | undefined;
let fetching: Promise<void> | undefined;
const listeners = new Set<() => void>();

/** Fetches what draws Markdown, which a page without messages does without. Never rejects. */
export function loadMarkdown(): Promise<void> {
  if (markdown) return Promise.resolve();
  fetching ??= import("./smoothed-markdown").then(
    (module) => settle(module.FlowingMarkdown),
    () => settle(null),
  );
  return fetching;
}

function settle(result: Markdown | null): void {
  markdown = result;
  fetching = undefined;
  for (const listener of listeners) listener();
}

/**
 * What draws Markdown. Undefined until it is known whether it can be had; null when it could not be: then whoever
 * is drawn next asks for it again.
 */
export function useMarkdown(): Markdown | null | undefined {
  useEffect(() => void loadMarkdown(), []);
  return useSyncExternalStore(subscribe, () => markdown);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
