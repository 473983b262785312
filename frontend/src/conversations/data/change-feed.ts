import { CHANGES_PATH } from "../../api/conversations";
import { backoffMs } from "../../generation/following/backoff";

interface ChangeListener {
  /** The feed is open. Earlier changes may have been missed. */
  onReady(): void;
  /** These conversations were changed, created or deleted. */
  onChange(ids: readonly string[]): void;
}

/**
 * Listens to the change feed while the tab is visible. A hidden tab would occupy one of the six connections that a
 * browser allows to a server over HTTP/1.1. An EventSource gives up when it is refused, so it is opened again, with
 * backoff, and at once when the tab becomes visible or the network returns.
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
