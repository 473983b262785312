import { useRoute } from "wouter";

/** Where a conversation is, and a message in it. */
export function conversationPath(id: string, message: string | null = null): string {
  const path = `/c/${encodeURIComponent(id)}`;
  return message === null ? path : `${path}#${encodeURIComponent(message)}`;
}

/** Where a new conversation begins. */
export const NEW_CHAT_PATH = "/";

/**
 * Goes with every link, and makes going there a visit of its own: the page can tell that somebody asked
 * for it once more, also when the address stays what it was.
 */
export const VISIT = { asked: true };

/** The conversation that the address names; null where it names none. */
export function useOpenConversation(): string | null {
  const [matches, params] = useRoute("/c/:id");
  return matches ? params.id : null;
}
