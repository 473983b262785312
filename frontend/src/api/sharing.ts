import { ask } from "./client";
import { pathOf } from "./conversations";
import type { Share, SharedConversation } from "./schema";

/** Creates the link, or makes it show the current branch. */
export function shareConversation(id: string): Promise<Share> {
  return ask(`${pathOf(id)}/share`, { method: "POST" });
}

export function unshareConversation(id: string): Promise<void> {
  return ask(`${pathOf(id)}/share`, { method: "DELETE" });
}

export function readShared(token: string, signal?: AbortSignal): Promise<SharedConversation> {
  return ask(`/api/shared/${encodeURIComponent(token)}`, { signal });
}
