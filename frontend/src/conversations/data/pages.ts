import type { InfiniteData } from "@tanstack/react-query";
import type { ListChoice } from "../../api/conversations";
import type { ConversationList, ConversationSummary } from "../../api/schema";

/** A list as far as it has been read: pages of it, newest first, and the cursor behind each. */
export type Listed = InfiniteData<ConversationList>;

/** All that has been read of a list, in order. */
export function conversationsOf(listed: Listed | undefined): readonly ConversationSummary[] {
  return listed?.pages.flatMap((page) => page.conversations) ?? [];
}

/** Whether the list has been read to its end. */
export function isComplete(listed: Listed): boolean {
  return listed.pages.at(-1)?.cursor === null;
}

/** The list without a conversation. */
export function without(listed: Listed, id: string): Listed {
  const isListed = conversationsOf(listed).some((each) => each.id === id);
  if (!isListed) return listed;
  return {
    ...listed,
    pages: listed.pages.map((page) => ({
      ...page,
      conversations: page.conversations.filter((each) => each.id !== id),
    })),
  };
}

/**
 * The list with a conversation as it is now, at its place; without it, when it no longer belongs here.
 * What belongs behind all that has been read is left for the page that will bring it.
 */
export function placed(listed: Listed, given: ConversationSummary, choice: ListChoice): Listed {
  const others = without(listed, given.id);
  if (given.archived !== choice.archived || given.pinned !== choice.pinned) return others;
  const isOlder = (each: ConversationSummary) => each.updated_at < given.updated_at;
  const before = others.pages.findIndex((page) => page.conversations.some(isOlder));
  const wasLast = conversationsOf(listed).at(-1)?.id === given.id;
  if (before === -1 && !wasLast && !isComplete(others)) return others;
  const target = before === -1 ? others.pages.length - 1 : before;
  return {
    ...others,
    pages: others.pages.map((page, number) => {
      if (number !== target) return page;
      const newer = page.conversations.filter((each) => !isOlder(each));
      const older = page.conversations.filter(isOlder);
      return { ...page, conversations: [...newer, given, ...older] };
    }),
  };
}

/**
 * The list after its beginning was read anew: what stands there now is the truth down to its last
 * conversation, and what was known behind that stays. When the two do not touch, too much has
 * happened in between, and only the beginning is left.
 */
export function begunAnew(listed: Listed, beginning: ConversationList): Listed {
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
