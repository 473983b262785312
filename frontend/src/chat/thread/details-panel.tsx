import * as Popover from "@radix-ui/react-popover";
import { type ReactNode, use } from "react";
import { isRunning, type Reply } from "../../generation/fold";
import { type Hops, hopsOf } from "../../generation/hops";
import { firstTokenMs } from "../../generation/pace";
import { useLanguage } from "../../language/language-context";
import type { PlainKey } from "../../language/translation";
import { usePortalContainer } from "../../ui/portal-container";
import type { ReplySource } from "../state/reply-source";
import { ThreadContext } from "../state/thread-context";
import { useReply } from "../state/use-reply";
import { useNow } from "../use-now";
import { describeMs, describeRate } from "./describe";
import { measured } from "./measured";

const READ_EVERY_MS = 500;

interface DetailsPanelProps {
  readonly message: string;
  readonly source: ReplySource;
  /** The button that opens it. */
  readonly children: ReactNode;
}

/** All that is known of how a reply went. It begins open. */
export default function DetailsPanel({ message, source, children }: DetailsPanelProps) {
  const { say } = useLanguage();
  const portal = usePortalContainer();
  return (
    <Popover.Root defaultOpen>
      <Popover.Trigger asChild>{children}</Popover.Trigger>
      <Popover.Portal container={portal}>
        <Popover.Content
          side="top"
          align="start"
          sideOffset={8}
          collisionPadding={12}
          aria-label={say("details")}
          data-testid="details-panel"
          className="z-40 max-h-(--radix-popover-content-available-height) w-[min(20rem,calc(100vw-1.5rem))] overflow-y-auto rounded-2xl border border-line bg-surface p-4 text-small shadow-lg"
        >
          <Details message={message} source={source} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Details({ message, source }: Omit<DetailsPanelProps, "children">) {
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

/** The hops side by side, each as wide as its share; nothing of which nothing is known. */
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
  /** The colour that stands for it. */
  readonly colour?: string;
  readonly isSum?: boolean;
  /** Nothing where it is not known. */
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

/** How long a reply has run as far as this page has seen; null when it did not see it begin. */
function lastedMs({ pace, ending }: Reply, now: number): number | null {
  if (firstTokenMs(pace) === null) return null;
  const end = ending === null ? now : (pace.last?.at ?? now);
  return end - pace.sentAt;
}
