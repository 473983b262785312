import { useCallback, useMemo, useSyncExternalStore } from "react";
import { navigate, useLocationProperty, usePathname } from "wouter/use-browser-location";

/** What an address stands for. */
export type Route =
  | {
      readonly kind: "chat";
      /** Null: a new chat. */
      readonly conversation: string | null;
      /** The message to scroll to, which stands behind the `#`. */
      readonly message: string | null;
      /** Another one with each visit, also of the same address. */
      readonly visit: unknown;
    }
  | { readonly kind: "shared"; readonly token: string };

/** Reads an address. One that the page does not know is a new chat; one with too much in it names nothing. */
export function readRoute(path: string, hash: string, visit: unknown): Route {
  const [, kind, name] = /^\/(c|s)\/(.+?)\/?$/.exec(path) ?? [];
  if (kind === "s" && name !== undefined) return { kind: "shared", token: decode(name) };
  const conversation = kind === "c" && name !== undefined ? decode(name) : null;
  const message = conversation === null || hash.length < 2 ? null : decode(hash.slice(1));
  return { kind: "chat", conversation, message, visit };
}

/** Where the page is, and how to go elsewhere. */
export function useRoute() {
  const path = usePathname();
  const hash = useLocationProperty(() => location.hash);
  const visit = useSyncExternalStore(onVisit, () => visits);
  const route = useMemo(() => readRoute(path, hash, visit), [path, hash, visit]);
  const go = useCallback((address: string, { replace = false } = {}) => {
    navigate(address, { replace });
  }, []);
  return { route, go };
}

// wouter tells of each `pushState` by an event of that name, also when the address stays the same.
let visits = 0;

function onVisit(listener: () => void): () => void {
  const count = () => {
    visits += 1;
    listener();
  };
  addEventListener("pushState", count);
  return () => removeEventListener("pushState", count);
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Where a conversation is, and a message in it. */
export function conversationPath(id: string, message: string | null = null): string {
  const path = `/c/${encodeURIComponent(id)}`;
  return message === null ? path : `${path}#${encodeURIComponent(message)}`;
}

/** Where a new conversation begins. */
export const NEW_CHAT_PATH = "/";

/** The conversation that the address names; null where it names none. */
export function useOpenConversation(): string | null {
  const route = readRoute(usePathname(), "", null);
  return route.kind === "chat" ? route.conversation : null;
}
