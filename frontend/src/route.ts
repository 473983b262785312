import { useMemo, useSyncExternalStore } from "react";
import { useLocationProperty, usePathname } from "wouter/use-browser-location";
import { address, BASE_PATH } from "./own-server";

export type Route =
  | {
      readonly kind: "chat";
      /** Null: a new chat. */
      readonly conversation: string | null;
      /** The message to scroll to, from the hash. */
      readonly message: string | null;
      /** Changes with each navigation, also to the same URL. */
      readonly visit: unknown;
    }
  | { readonly kind: "shared"; readonly token: string };

/** An unknown path is a new chat. */
export function readRoute(path: string, hash: string, visit: unknown): Route {
  const [, kind, name] = /^\/(c|s)\/(.+?)\/?$/.exec(path.slice(BASE_PATH.length)) ?? [];
  if (kind === "s" && name !== undefined) return { kind: "shared", token: decode(name) };
  const conversation = kind === "c" && name !== undefined ? decode(name) : null;
  const message = conversation === null || hash.length < 2 ? null : decode(hash.slice(1));
  return { kind: "chat", conversation, message, visit };
}

export function useRoute(): Route {
  const path = usePathname();
  const hash = useLocationProperty(() => location.hash);
  const visit = useSyncExternalStore(onVisit, () => visits);
  return useMemo(() => readRoute(path, hash, visit), [path, hash, visit]);
}

// wouter dispatches an event for each `pushState`, even if the URL stays the same.
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

export function conversationPath(id: string, message: string | null = null): string {
  const path = address(`/c/${encodeURIComponent(id)}`);
  return message === null ? path : `${path}#${encodeURIComponent(message)}`;
}

export const NEW_CHAT_PATH = address("/");

/** The id of the conversation in the URL; null if there is none. */
export function useOpenConversation(): string | null {
  const route = readRoute(usePathname(), "", null);
  return route.kind === "chat" ? route.conversation : null;
}
