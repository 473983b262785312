import type { ListChoice } from "../../api/conversations";

/** The names of everything that the query cache holds of conversations. */
export const keys = {
  all: ["conversations"] as const,
  lists: ["conversations", "list"] as const,
  list: (choice: ListChoice) => ["conversations", "list", choice] as const,
  searches: ["conversations", "search"] as const,
  search: (words: string) => ["conversations", "search", words] as const,
  one: (id: string) => ["conversations", "one", id] as const,
  /** What a person changes; the keys of mutations. */
  change: ["conversations", "change"] as const,
  deletion: ["conversations", "deletion"] as const,
  shared: (token: string) => ["shared", token] as const,
};
