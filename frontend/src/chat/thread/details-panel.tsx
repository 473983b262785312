import { type ReactNode, use } from "react";
import { type Hops, hopsOf } from "../../generation/first-token-hops";
import { isRunning, type Reply } from "../../generation/fold";
import { firstTokenMs } from "../../generation/pace";
import { useLanguage } from "../../language/language-context";
import type { PlainKey } from "../../language/translation";
import type { Opened } from "../../ui/lazy-opener";
import { Popover } from "../../ui/popover";
import type { ReplySource } from "../state/reply-source";
import { ThreadContext } from "../state/thread-context";
import { useReply } from "../state/use-reply";
import { useNow } from "../use-now";
import { describeMs, describeRate } from "./describe";
import { measured } from "./measured";

const READ_EVERY_MS = 500;

export interface DetailsProps {
  readonly message: string;
  readonly source: ReplySource;
}

/** All measurements of a reply. */
export default function DetailsPanel({ button, ...props }: DetailsProps & Opened) {
  const { say } = useLanguage();
  return (
    <Popover
      button={button}
      label={say("details")}
      testId="details-panel"
      className="w-[min(20rem,calc(100vw-1.5rem))] text-small"
    >
      {() => <Details {...props} />}
    </Popover>
  );
}

function Details({ message, source }: DetailsProps) {
  const language = useLanguage();
  const { say, number } = language;
  const { waitedMs } = use(ThreadContext);
  const reply = useReply(source);
  const now = useNow(READ_EVERY_MS, isRunning(reply));
  const { timing, rate, gapMs } = measured(reply);
  const hops = hopsOf(timing, firstTokenMs(reply.pace) ?? waitedMs(message));
  const tokens = timing?.tokens ?? (reply.cursor > 0 ? reply.cursor : null);
  const lasted = timing?.durationMs ?? lastedMs(reply, now);
  return (
    <>
      <h3 className="font-medium">{say("untilFirstToken")}</h3>
      <HopsBar hops={hops} />
      <dl className="mt-2 grid gap-1">
        {HOPS.map(([key, name, colour]) => (
          <Figure key={key} name={say(name)} colour={colour}>
            {hops[key] !== null && describeMs(language, hops[key])}
          </Figure>
        ))}
        <Figure name={say("seenAfter")} isSum>
          {hops.totalMs !== null && describeMs(language, hops.totalMs)}
        </Figure>
      </dl>
      <dl className="mt-3 grid gap-1 border-t border-line pt-3">
        <Figure name={say("tokens")}>{tokens !== null && number(tokens)}</Figure>
        <Figure name={say("rateAbout")}>{rate !== null && describeRate(language, rate)}</Figure>
        <Figure name={say("longestGapAbout")}>{gapMs > 0 && describeMs(language, gapMs)}</Figure>
        <Figure name={say("wholeReply")}>{lasted !== null && describeMs(language, lasted)}</Figure>
        <Figure name={say("model")}>{reply.start?.model}</Figure>
      </dl>
    </>
  );
}

const HOPS = [
  ["networkMs", "network", "bg-line-strong"],
  ["serverMs", "server", "bg-accent"],
  ["providerMs", "model", "bg-accent/45"],
] as const satisfies readonly (readonly [keyof Hops, PlainKey, string])[];

/** The known hops side by side, each as wide as its share. */
function HopsBar({ hops }: { hops: Hops }) {
  const known = HOPS.filter(([key]) => hops[key] !== null);
  if (known.length === 0) return null;
  return (
    <div className="mt-2 flex h-2 gap-px overflow-hidden rounded-full" aria-hidden="true">
      {known.map(([key, , colour]) => (
        <span key={key} className={`min-w-0.5 ${colour}`} style={{ flexGrow: hops[key] ?? 0 }} />
      ))}
    </div>
  );
}

interface FigureProps {
  readonly name: string;
  /** The background class of its hop. */
  readonly colour?: string;
  readonly isSum?: boolean;
  /** False or undefined if the value is unknown. */
  readonly children: ReactNode;
}

function Figure({ name, colour, isSum = false, children }: FigureProps) {
  const { say } = useLanguage();
  const isKnown = children !== false && children !== undefined;
  return (
    <div className={`flex items-baseline gap-2 ${isSum ? "font-medium" : ""}`}>
      {colour !== undefined && (
        <span className={`size-2 shrink-0 rounded-full ${colour}`} aria-hidden="true" />
      )}
      <dt className={isSum ? "" : "text-quiet"}>{name}</dt>
      <dd className="ml-auto max-w-2/3 shrink-0 text-right tabular-nums [overflow-wrap:anywhere]">
        {isKnown ? children : <span className="text-quiet">{say("notKnown")}</span>}
      </dd>
    </div>
  );
}

/** How long the reply has run by the page's own clock; null if the page did not see it start. */
function lastedMs({ pace, ending }: Reply, now: number): number | null {
  if (firstTokenMs(pace) === null) return null;
  const end = ending === null ? now : (pace.last?.at ?? now);
  return end - pace.sentAt;
}
