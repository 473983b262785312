import { useEffect, useMemo } from "react";
import type { Message, SharedMessage } from "../api/schema";
import { useShared } from "../conversations/data/use-shared";
import { Problem } from "../generation/problem";
import { useLanguage } from "../language/language-context";
import { NEW_CHAT_PATH } from "../route";
import { Brand } from "../ui/brand";
import { CannotLoad } from "./conversation-states";
import { makeTree } from "./state/message-tree";
import { BLANK } from "./state/optimistic";
import Thread from "./thread/thread";
import { useMarkdown } from "./thread/use-markdown";

const NOTHING = new Map<string, never>();
const PAGE = { current: null };
// The page is read from its beginning, so what is drawn later is below and moves nothing.
const draw = (change: () => void) => change();

/** A read-only conversation behind a shared link. */
export default function SharedPage({ token }: { token: string }) {
  const { say } = useLanguage();
  const { data, error, refetch } = useShared(token);
  const tree = useMemo(() => makeTree(inOrder(data?.messages ?? [])), [data]);
  const leaf = data?.messages.at(-1)?.id ?? null;
  useEffect(() => {
    document.title = data === undefined ? "Headwater" : `${data.title} · Headwater`;
  }, [data]);
  const isMarkdownThere = useMarkdown() !== undefined;
  const isGone = error instanceof Problem && error.status === 404;
  return (
    <div
      data-testid="shared-page"
      className="mx-auto flex min-h-full w-full max-w-3xl flex-col px-4 pb-12 sm:px-6"
    >
      <header className="flex min-h-14 items-center justify-between gap-4">
        <Brand />
        <a
          href={NEW_CHAT_PATH}
          className="inline-flex min-h-9 items-center rounded-lg border border-line bg-surface px-3 text-small font-medium shadow-xs hover:border-line-strong"
        >
          {say("startOwnChat")}
        </a>
      </header>
      {isGone && <Gone />}
      {!isGone && error !== null && <CannotLoad onRetry={() => void refetch()} />}
      {data !== undefined && isMarkdownThere && !isGone && (
        <main>
          <h1 className="mt-8 font-serif text-title text-balance">{data.title}</h1>
          <p className="mt-2 mb-8 border-b border-line pb-6 text-small text-quiet">
            {say("sharedAbout")}
          </p>
          <Thread tree={tree} leaf={leaf} replies={NOTHING} scroller={PAGE} keepPosition={draw} />
        </main>
      )}
    </div>
  );
}

function Gone() {
  const { say } = useLanguage();
  return (
    <section data-testid="not-found" className="m-auto py-8 text-center">
      <h1 className="font-serif text-title text-balance">{say("nothingShared")}</h1>
      <p className="mx-auto mt-2 max-w-md text-pretty text-quiet">{say("nothingSharedAbout")}</p>
    </section>
  );
}

/** Completes the messages of a shared branch, each of which follows the one before it. */
function inOrder(messages: readonly SharedMessage[]): readonly Message[] {
  return messages.map((message, index) => ({
    ...BLANK,
    ...message,
    parent: messages[index - 1]?.id ?? null,
  }));
}
