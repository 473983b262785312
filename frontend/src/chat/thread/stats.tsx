import { memo, use } from "react";
import { type Reply, replyStatus } from "../../generation/fold";
import type { Language } from "../../language/language";
import { useLanguage } from "../../language/language-context";
import type { ReplySource } from "../state/reply-source";
import { ThreadContext } from "../state/thread-context";
import { useReplyStatus } from "../state/use-reply";
import { useNow } from "../use-now";
import { describeMs, describeRate, describeShortness } from "./describe";
import { measured } from "./measured";
import { type Stat, waitingFor } from "./waiting";

const READ_EVERY_MS = 500;

/**
 * How fast a reply arrives: measured live, later by the server. On a phone these are always two lines, and the model at
 * their end fills the remaining width, so that nothing below moves.
 */
export const Stats = memo(function Stats({ source }: { source: ReplySource }) {
  const language = useLanguage();
  const status = useReplyStatus(source);
  const running = status === "waiting" || status === "streaming";
  const now = useNow(READ_EVERY_MS, running);
  const reply = source.getSnapshot();
  const { waitedMs } = use(ThreadContext);
  const waited = reply.start === null ? null : waitedMs(reply.start.message);
  const stats = statsOf(language, reply, now, waited).filter(([, text]) => text !== null);
  return (
    <p
      data-testid="figures"
      className="flex min-h-8 select-none flex-wrap items-center gap-x-4 text-small text-quiet tabular-nums max-sm:min-h-10 max-sm:grow max-sm:gap-x-3"
    >
      {stats.map(([name, text]) => (
        <span
          key={name}
          title={name}
          className="max-sm:last:grow max-sm:last:basis-12 max-sm:last:truncate"
        >
          {text}{" "}
        </span>
      ))}
    </p>
  );
});

function statsOf(
  language: Language,
  reply: Reply,
  now: number,
  waitedMs: number | null,
): readonly Stat[] {
  return [
    [language.say("howItEnded"), describeShortness(language, reply.ending)],
    ...(waitingFor(language, reply, now) ?? speed(language, reply, waitedMs)),
    [language.say("model"), reply.start?.model ?? null],
  ];
}

function speed(language: Language, reply: Reply, waitedMs: number | null): readonly Stat[] {
  if (replyStatus(reply) === "waiting") return [];
  const { say } = language;
  const { firstMs, rate, gapMs } = measured(reply, waitedMs);
  // A reply that was cut short omits the gap to leave room for "Continue".
  const hasGap = gapMs > 0 && describeShortness(language, reply.ending) === null;
  const inWords = (key: "firstToken" | "longestGap", ms: number) =>
    say(key, { time: describeMs(language, ms) });
  return [
    [say("firstTokenAbout"), firstMs === null ? null : inWords("firstToken", firstMs)],
    [say("rateAbout"), rate === null ? null : describeRate(language, rate)],
    [say("longestGapAbout"), hasGap ? inWords("longestGap", gapMs) : null],
  ];
}
