import type { ConversationSummary } from "../../api/schema";
import type { Language } from "../../language/language";

/**
 * Groups conversations by the local date of their last update, under names such as "Yesterday". Keeps their order.
 *
 * @param now - any moment of today
 */
export function groupByDate(
  language: Language,
  conversations: readonly ConversationSummary[],
  now: Date,
) {
  const nameOf = groupNames(language, now);
  const groups: { name: string; conversations: ConversationSummary[] }[] = [];
  for (const conversation of conversations) {
    const name = nameOf(new Date(conversation.updated_at));
    const latest = groups.at(-1);
    if (latest?.name === name) latest.conversations.push(conversation);
    else groups.push({ name, conversations: [conversation] });
  }
  return groups;
}

/** Days begin at local midnight; where the clocks change, a day does not have 24 hours. */
function groupNames({ say, locale }: Language, now: Date): (moment: Date) => string {
  const month = new Intl.DateTimeFormat(locale, { month: "long", year: "numeric" });
  const daysAgo = (days: number) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() - days).getTime();
  const named: readonly (readonly [since: number, name: string])[] = [
    [daysAgo(0), say("today")],
    [daysAgo(1), say("yesterday")],
    [daysAgo(7), say("previousWeek")],
    [daysAgo(30), say("previousMonth")],
  ];
  const months = new Map<number, string>();
  return (moment) => {
    const time = moment.getTime();
    const recent = named.find(([since]) => time >= since);
    if (recent !== undefined) return recent[1];
    const number = moment.getFullYear() * 12 + moment.getMonth();
    const name = months.get(number) ?? month.format(moment);
    months.set(number, name);
    return name;
  };
}
