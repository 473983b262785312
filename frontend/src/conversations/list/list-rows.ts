import type { ConversationSummary } from "../../api/schema";
import type { Language } from "../../language/language";
import { groupByDate } from "./group-by-date";

/** A row of the list: a heading or a conversation. */
export type ListRow =
  | { readonly kind: "heading"; readonly key: string; readonly text: string }
  | {
      readonly kind: "conversation";
      readonly key: string;
      readonly conversation: ConversationSummary;
    };

/** Heights in pixels, known before a row is drawn, so that drawing it moves nothing. */
export const ROW_HEIGHT = { heading: 36, conversation: 40 } as const;

/** The top of each row in pixels, and the bottom of the last one. */
export function edgesOf(rows: readonly ListRow[]): readonly number[] {
  let edge = 0;
  return [0, ...rows.map((row) => (edge += ROW_HEIGHT[row.kind]))];
}

/** The rows of the list: the pinned conversations, then the others by date. */
export function listRows(
  language: Language,
  pinned: readonly ConversationSummary[],
  others: readonly ConversationSummary[],
  now: Date,
): readonly ListRow[] {
  const rows: ListRow[] = [];
  const seen = new Set<string>();
  const add = (text: string, conversations: readonly ConversationSummary[]) => {
    // A conversation that moved while two pages were read may be in both.
    const fresh = conversations.filter(({ id }) => !seen.has(id));
    if (fresh.length === 0) return;
    rows.push({ kind: "heading", key: `heading ${text}`, text });
    for (const conversation of fresh) {
      seen.add(conversation.id);
      rows.push({ kind: "conversation", key: conversation.id, conversation });
    }
  };
  add(language.say("pinned"), pinned);
  for (const group of groupByDate(language, others, now)) add(group.name, group.conversations);
  return rows;
}
