import { CHANGES_PATH } from "../../api/conversations";
import { hasFewConnections } from "../../generation/connections";
import { backoffMs } from "../../generation/following/backoff";
import { type Members, parse } from "../../generation/members";
import { browserEnvironment } from "../../generation/transports/environment";

interface ChangeListener {
  /** The feed is open. Earlier changes may have been missed. */
  onReady(): void;
  /** These conversations were changed, created or deleted. */
  onChange(ids: readonly string[]): void;
}

interface FeedListener extends ChangeListener {
  /** The feed has ended and does not come back by itself. */
  onLost(): void;
}

/**
 * Listens to the change feed while the tab is visible. Where connections are few, it uses a WebSocket, unless something
 * between page and server blocks it. A lost feed is opened again, with backoff, and at once when the tab becomes visible
 * or the network returns.
 *
 * @returns stops listening
 */
export function followChanges({ onReady, onChange }: ChangeListener): () => void {
  let closeFeed = () => {};
  let timer: ReturnType<typeof setTimeout> | undefined;
  let losses = 0;
  let hasOpened = false;
  let open = hasFewConnections() ? openSocket : openEventSource;

  const close = () => {
    clearTimeout(timer);
    closeFeed();
    closeFeed = () => {};
  };
  const start = () => {
    close();
    if (document.visibilityState === "hidden") return;
    closeFeed = open({
      onReady() {
        hasOpened = true;
        losses = 0;
        onReady();
      },
      onChange,
      onLost() {
        if (!hasOpened) open = openEventSource;
        timer = setTimeout(start, backoffMs(losses, Math.random()));
        losses += 1;
      },
    });
  };

  document.addEventListener("visibilitychange", start);
  addEventListener("online", start);
  start();
  return () => {
    document.removeEventListener("visibilitychange", start);
    removeEventListener("online", start);
    close();
  };
}

/** The browser opens it again by itself after a cut, but not when it was refused. */
function openEventSource({ onReady, onChange, onLost }: FeedListener): () => void {
  const source = new EventSource(CHANGES_PATH);
  source.addEventListener("ready", onReady);
  source.addEventListener("change", ({ data }) => onChange(readChange(parse(data))));
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) onLost();
  });
  return () => source.close();
}

function openSocket({ onReady, onChange, onLost }: FeedListener): () => void {
  const over = new AbortController();
  const until = { signal: over.signal };
  const socket = browserEnvironment.openSocket("/api/ws");
  socket.addEventListener("open", () => socket.send('{"action":"changes"}'), until);
  socket.addEventListener("close", onLost, until);
  const onMessage = ({ data }: MessageEvent<string>) => {
    const frame = parse(data);
    if (frame.event === "ready") onReady();
    if (frame.event === "change") onChange(readChange(frame));
  };
  socket.addEventListener("message", onMessage, until);
  return () => {
    over.abort();
    socket.close();
  };
}

function readChange({ conversations }: Members): readonly string[] {
  const ids = Array.isArray(conversations) ? conversations : [];
  return ids.filter((id): id is string => typeof id === "string");
}
