import type { ConversationList } from "../../api/schema";
import { conversationsOf, type Listed } from "./pages";

/**
 * Replaces the beginning of a list with a newly read first page and keeps what follows it. If the two do not overlap,
 * too much has changed in between, and only the first page is kept.
 */
export function withFreshStart(listed: Listed, beginning: ConversationList): Listed {
  const last = beginning.conversations.at(-1);
  const alone: Listed = { pages: [beginning], pageParams: [null] };
  if (beginning.cursor === null || last === undefined) return alone;
  const fresh = new Set(beginning.conversations.map((each) => each.id));
  if (!conversationsOf(listed).some((each) => fresh.has(each.id))) return alone;
  const kept = listed.pages.map((page) => ({
    ...page,
    conversations: page.conversations.filter(
      (each) => !fresh.has(each.id) && each.updated_at <= last.updated_at,
    ),
  }));
  const [first, ...rest] = kept;
  if (first === undefined) return alone;
  const joined = [...beginning.conversations, ...first.conversations];
  return { ...listed, pages: [{ ...first, conversations: joined }, ...rest] };
}
