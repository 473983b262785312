import type { InfiniteData } from "@tanstack/react-query";
import type { ListChoice } from "../../api/conversations";
import type { ConversationList, ConversationSummary } from "../../api/schema";

/** The pages of a list that have been read, newest first. */
export type Listed = InfiniteData<ConversationList>;

export function conversationsOf(listed: Listed | undefined): readonly ConversationSummary[] {
  return listed?.pages.flatMap((page) => page.conversations) ?? [];
}

function isComplete(listed: Listed): boolean {
  return listed.pages.at(-1)?.cursor === null;
}

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
 * Inserts a conversation at its position, or removes it if it no longer belongs to the list. A conversation that
 * belongs behind the pages read so far is left to a later page.
 */
export function withConversation(
  listed: Listed,
  summary: ConversationSummary,
  choice: ListChoice,
): Listed {
  const others = without(listed, summary.id);
  if (summary.archived !== choice.archived || summary.pinned !== choice.pinned) return others;
  const isOlder = (each: ConversationSummary) => each.updated_at < summary.updated_at;
  const before = others.pages.findIndex((page) => page.conversations.some(isOlder));
  const wasLast = conversationsOf(listed).at(-1)?.id === summary.id;
  if (before === -1 && !wasLast && !isComplete(others)) return others;
  const target = before === -1 ? others.pages.length - 1 : before;
  return {
    ...others,
    pages: others.pages.map((page, number) => {
      if (number !== target) return page;
      const newer = page.conversations.filter((each) => !isOlder(each));
      const older = page.conversations.filter(isOlder);
      return { ...page, conversations: [...newer, summary, ...older] };
    }),
  };
}
