import type { ListChoice } from "../../api/conversations";

export const keys = {
  all: ["conversations"] as const,
  lists: ["conversations", "list"] as const,
  list: (choice: ListChoice) => ["conversations", "list", choice] as const,
  searches: ["conversations", "search"] as const,
  search: (words: string) => ["conversations", "search", words] as const,
  one: (id: string) => ["conversations", "one", id] as const,
  /** Mutation keys. */
  change: ["conversations", "change"] as const,
  deletion: ["conversations", "deletion"] as const,
  shared: (token: string) => ["shared", token] as const,
};
