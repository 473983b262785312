import { memo, use } from "react";
import { isRunning, type Reply, replyStatus } from "../../generation/fold";
import { silenceMs } from "../../generation/pace";
import type { Language } from "../../language/language";
import { useLanguage } from "../../language/language-context";
import type { ReplySource } from "../state/reply-source";
import { ThreadContext } from "../state/thread-context";
import { useReplyStatus } from "../state/use-reply";
import { useNow } from "../use-now";
import { describeMs, describeRate, describeShortness } from "./describe";
import { measured } from "./measured";

const READ_EVERY_MS = 500;
const STALLED_MS = 3_000;

/**
 * How fast a reply came: live while it does, then as the server measured it. On a phone these are two lines
 * from the beginning, and what comes last, the model, takes what room is left: nothing below ever moves.
 */
export const Stats = memo(function Stats({ source }: { source: ReplySource }) {
  const language = useLanguage();
  const status = useReplyStatus(source);
  const running = status === "waiting" || status === "streaming";
  const now = useNow(READ_EVERY_MS, running);
  const reply = source.getSnapshot();
  const { waitedMs } = use(ThreadContext);
  const waited = reply.start === null ? null : waitedMs(reply.start.message);
  const figures = figuresOf(language, reply, now, waited);
  return (
    <p
      data-testid="figures"
      className="flex min-h-8 select-none flex-wrap items-center gap-x-4 text-small text-quiet tabular-nums max-sm:min-h-10 max-sm:grow max-sm:gap-x-3"
    >
      {figures.map(([name, figure]) => (
        <span
          key={name}
          title={name}
          className="max-sm:last:grow max-sm:last:basis-12 max-sm:last:truncate"
        >
          {figure}{" "}
        </span>
      ))}
    </p>
  );
});

type Figure = readonly [name: string, figure: string];

function figuresOf(
  language: Language,
  reply: Reply,
  now: number,
  waitedMs: number | null,
): readonly Figure[] {
  const shortness = describeShortness(language, reply.ending);
  return [
    ...(shortness === null ? [] : [[language.say("howItEnded"), shortness] as const]),
    ...(stalled(language, reply, now) ?? speed(language, reply, waitedMs)),
    ...(reply.start === null ? [] : [[language.say("model"), reply.start.model] as const]),
  ];
}

/** Why nothing comes, when it has been a while: a model is not blamed for a connection that was lost. */
function stalled({ say }: Language, reply: Reply, now: number): readonly Figure[] | null {
  if (!isRunning(reply)) return null;
  const waited = reply.lostAt === null ? silenceMs(reply.pace, now) : now - reply.lostAt;
  if (waited < STALLED_MS) return null;
  const what = reply.lostAt === null ? "waitingForModel" : "noConnection";
  return [[say("stalled"), say(what, { seconds: Math.floor(waited / 1000) })]];
}

function speed(language: Language, reply: Reply, waitedMs: number | null): readonly Figure[] {
  if (replyStatus(reply) === "waiting") return [];
  const { say } = language;
  const { firstMs, rate, gapMs } = measured(reply, waitedMs);
  const first = firstMs !== null && say("firstToken", { time: describeMs(language, firstMs) });
  // Of what was cut short there is that to say instead: the line has to have room for "Continue".
  const hasGap = gapMs > 0 && describeShortness(language, reply.ending) === null;
  const gap = hasGap && say("longestGap", { time: describeMs(language, gapMs) });
  return [
    ...(first === false ? [] : [[say("firstTokenAbout"), first] as const]),
    ...(rate === null ? [] : [[say("rateAbout"), describeRate(language, rate)] as const]),
    ...(gap === false ? [] : [[say("longestGapAbout"), gap] as const]),
  ];
}
