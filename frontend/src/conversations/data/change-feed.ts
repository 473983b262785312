import { CHANGES_PATH } from "../../api/conversations";
import { hasFewConnections } from "../../generation/connections";
import { backoffMs } from "../../generation/following/backoff";
import { SILENCE_MS } from "../../generation/following/connection";
import { type Members, parse } from "../../generation/members";
import { browserEnvironment } from "../../generation/transports/environment";
import { address } from "../../own-server";

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

/** A WebSocket that takes longer to be ready counts as blocked. */
const READY_MS = 5_000;

/** How often everything is read again where there is no feed. */
const POLL_MS = 10_000;

/** @returns closes it */
type OpenFeed = (listener: FeedListener) => () => void;

/**
 * Listens to the change feed while the tab is visible. Where connections are few, it uses a WebSocket; if that does not
 * become ready, because something between page and server blocks it, it polls until the tab is looked at again. A lost
 * feed is opened again, with backoff, and at once when the tab becomes visible or the network returns.
 *
 * @returns stops listening
 */
export function followChanges({ onReady, onChange }: ChangeListener): () => void {
  let closeFeed = () => {};
  let timer: ReturnType<typeof setTimeout> | undefined;
  let losses = 0;
  let open: OpenFeed = openEventSource;
  let hasOpened = false;

  const close = () => {
    clearTimeout(timer);
    closeFeed();
    closeFeed = () => {};
  };
  const start = () => {
    close();
    closeFeed = open({
      onReady() {
        hasOpened = true;
        losses = 0;
        onReady();
      },
      onChange,
      onLost() {
        close();
        if (!hasOpened && open === openSocket) open = poll;
        timer = setTimeout(start, backoffMs(losses, Math.random()));
        losses += 1;
      },
    });
  };
  const look = () => {
    if (document.visibilityState === "hidden") return close();
    open = hasFewConnections() ? openSocket : openEventSource;
    hasOpened = false;
    start();
  };

  document.addEventListener("visibilitychange", look);
  addEventListener("online", look);
  look();
  return () => {
    document.removeEventListener("visibilitychange", look);
    removeEventListener("online", look);
    close();
  };
}

/** The browser opens it again by itself after a cut, but not when it was refused. */
function openEventSource({ onReady, onChange, onLost }: FeedListener): () => void {
  const source = new EventSource(address(CHANGES_PATH));
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
  let silence = setTimeout(onLost, READY_MS);
  const onMessage = ({ data }: MessageEvent<string>) => {
    clearTimeout(silence);
    silence = setTimeout(onLost, SILENCE_MS);
    const frame = parse(data);
    if (frame.event === "ready") onReady();
    if (frame.event === "change") onChange(readChange(frame));
    // An older server does not know the action.
    if (frame.event === "problem") onLost();
  };
  socket.addEventListener("open", () => socket.send('{"action":"changes"}'), until);
  socket.addEventListener("message", onMessage, until);
  socket.addEventListener("close", onLost, until);
  return () => {
    clearTimeout(silence);
    over.abort();
    socket.close();
  };
}

function poll({ onReady }: FeedListener): () => void {
  onReady();
  const timer = setInterval(onReady, POLL_MS);
  return () => clearInterval(timer);
}

function readChange({ conversations }: Members): readonly string[] {
  const ids = Array.isArray(conversations) ? conversations : [];
  return ids.filter((id): id is string => typeof id === "string");
}
