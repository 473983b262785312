import { CHANGES_PATH } from "../../api/conversations";
import { backoffMs } from "../../generation/following/backoff";

/** What the feed of changes says. */
export interface ChangeListener {
  /** From now on changes are told: what is shown may be older and is to be read again. */
  onReady(): void;
  /** These conversations have become other than they were, or were made or deleted. */
  onChange(ids: readonly string[]): void;
}

/**
 * Listens to the feed of changes while somebody looks at the tab: a hidden tab would hold one of the
 * six connections that a browser allows a server over HTTP/1.1. An EventSource gives up for good when
 * it is refused; here it is opened again, later and later, and at once when the tab or the network
 * comes back.
 *
 * @returns stops listening
 */
export function followChanges({ onReady, onChange }: ChangeListener): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let refusals = 0;

  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  const open = () => {
    close();
    if (document.visibilityState === "hidden") return;
    const opened = new EventSource(CHANGES_PATH);
    source = opened;
    opened.addEventListener("ready", () => {
      refusals = 0;
      onReady();
    });
    opened.addEventListener("change", (event) => onChange(readChange(event.data)));
    opened.addEventListener("error", () => {
      if (opened.readyState !== EventSource.CLOSED || source !== opened) return;
      timer = setTimeout(open, backoffMs(refusals, Math.random()));
      refusals += 1;
    });
  };

  document.addEventListener("visibilitychange", open);
  addEventListener("online", open);
  open();
  return () => {
    document.removeEventListener("visibilitychange", open);
    removeEventListener("online", open);
    close();
  };
}

function readChange(data: string): readonly string[] {
  const change = JSON.parse(data) as { conversations?: unknown };
  const ids = Array.isArray(change.conversations) ? change.conversations : [];
  return ids.filter((id): id is string => typeof id === "string");
}
