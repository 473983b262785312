import { lazy, type ReactNode, useEffect, useMemo, useRef } from "react";
import { useArchive, usePatchConversation } from "../conversations/data/mutations";
import { useOptimisticChange } from "../conversations/data/optimistic";
import { useConversation } from "../conversations/data/queries";
import { Problem } from "../generation/problem";
import type { NewChatRequest } from "../generation/transport";
import { untilLoaded } from "../missing-modules";
import { focus } from "../ui/focus";
import { Optional } from "../ui/optional-boundary";
import { Announcer } from "./announcer";
import { ChatHeader } from "./chat-header";
import { Composer } from "./composer/composer";
import { ModelSelect } from "./composer/model-select";
import { SettingsButton } from "./composer/settings-button";
import { useModels } from "./composer/use-models";
import { CannotLoad, Loading } from "./conversation-states";
import { EmptyState } from "./empty-state";
import { JumpToLatest } from "./scroll/jump-to-latest";
import { usePinnedScroll } from "./scroll/use-pinned-scroll";
import { useDraft } from "./state/drafts";
import { refusedQuestion } from "./state/exchange";
import type { PendingExchanges } from "./state/pending";
import { chosenSettings, type Settings } from "./state/settings";
import { ThreadContext } from "./state/thread-context";
import { useChat } from "./state/use-chat";
import { savedStatus, useReplyStatus } from "./state/use-reply";
import { useMarkdown } from "./thread/use-markdown";
import { useThreadView } from "./thread/use-thread-view";
import { useEscape } from "./use-escape";

const LinkedMessage = lazy(() => untilLoaded(() => import("./thread/linked-message")));
const NotFound = lazy(() => import("./not-found"));

export interface ChatOptions {
  /** The exchanges of the page, which outlive this component. */
  readonly pending: PendingExchanges;
  /** The message to scroll to; null: the end of the thread. */
  readonly message?: string | null;
  /** Changes with each navigation, also to the same new chat or message. */
  readonly visit?: unknown;
  readonly onTitle?: (title: string | null) => void;
  /** Suggestions for the first message; by default the page's own. */
  readonly prompts?: readonly string[] | undefined;
  /** The beginning of the header. */
  readonly leading?: ReactNode;
  /** Shown in the header of a new chat instead of a title. */
  readonly brand?: ReactNode;
}

interface ChatProps extends ChatOptions {
  readonly id: string;
  /** Whether the server has the conversation; otherwise it is a new chat. */
  readonly isStarted: boolean;
  /** The settings of a new chat. */
  readonly newSettings: Settings;
  readonly onNewSettings: (settings: Settings) => void;
  /** Shows a new chat and sends its first request, if there is one. */
  readonly onNewChat: (request?: NewChatRequest) => void;
}

/** One conversation or a new chat: its thread and the composer. */
export function Chat(props: ChatProps) {
  const { pending, id, isStarted, newSettings, onNewChat, onTitle } = props;
  const { message = null } = props;
  const models = useModels();
  const conversation = isStarted ? id : null;
  const { data: saved, error, refetch } = useConversation(conversation);
  const { mutate: patch } = usePatchConversation();
  const archive = useArchive();
  const { scroller, content, isPinned, pin, unpin, pinAtEnd, keepPosition } = usePinnedScroll();

  const optimistic = useOptimisticChange(conversation);
  const settings = saved ?? { ...newSettings, ...optimistic };
  const change = (changed: Partial<Settings>) => {
    if (conversation === null) props.onNewSettings({ ...newSettings, ...changed });
    else patch({ id: conversation, change: changed });
  };
  const model =
    models.find(({ id }) => id === settings.model) ??
    models.find((each) => each.default) ??
    models[0];

  const chat = useChat({
    pending,
    id,
    isStarted,
    saved,
    settings: chosenSettings(settings),
    model: model?.id,
    onStep: (leaf) => conversation !== null && patch({ id: conversation, change: { leaf } }),
    onNewChat,
    onStart: pin,
  });
  const [draft, setDraft] = useDraft(conversation, refusedQuestion(chat.exchanges));
  const { branch, tree, leaf, replies, reply, actions } = chat;
  const live = reply && replies.get(reply.id);
  const followed = useReplyStatus(reply?.running ? live : undefined);
  const status = followed ?? (reply === undefined ? null : savedStatus(reply));
  const isAccepted =
    live !== undefined && (live.getSnapshot().start !== null || status !== "waiting");
  const isRunning = status === "waiting" || status === "streaming";
  useEffect(() => {
    if (isRunning && isFocusNowhere()) focusThread(content.current);
  }, [isRunning, content]);
  useEscape(isRunning, () => live?.stop());
  const isUnknown = chat.exchanges.length === 0 && error instanceof Problem && error.status === 404;
  // The cache may still have the title of a conversation that was deleted elsewhere.
  const title = (isUnknown ? null : saved?.title) ?? null;
  useEffect(() => onTitle?.(title), [onTitle, title]);

  const send = (message: string) => {
    setDraft("");
    chat.send(message);
  };
  const arrival = useRef(null);
  const context = useMemo(
    () => ({ actions, isBusy: isRunning, arrival, waitedMs: pending.waitedMs }),
    [actions, isRunning, pending],
  );

  // Both are loaded at once, so that they are ready before the first reply.
  const isMarkdownThere = useMarkdown() !== undefined;
  const Thread = useThreadView();
  const isEmpty = branch.length === 0;
  const isLoading =
    conversation !== null &&
    chat.exchanges.length === 0 &&
    (saved === undefined || !isMarkdownThere);
  return (
    <div className="relative flex h-full min-h-0 min-w-0 flex-1 flex-col">
      <ChatHeader
        leading={props.leading}
        brand={props.brand}
        title={title}
        isArchived={title !== null && saved?.archived === true}
        onUnarchive={() => conversation !== null && archive(conversation, false)}
        settings={settings}
      />
      <div
        ref={scroller}
        // `relative`, so that absolutely positioned elements such as sr-only headings scroll with it.
        className={`relative min-h-0 flex-1 overflow-y-auto overscroll-contain ${isPinned ? "[overflow-anchor:none]" : ""}`}
      >
        <div
          ref={content}
          className="mx-auto flex min-h-full w-full max-w-3xl flex-col px-4 pt-4 pb-8 sm:px-6"
        >
          <Optional lost={<CannotLoad onRetry={reload} />}>
            {isUnknown && <NotFound onNewChat={() => onNewChat()} />}
          </Optional>
          {isLoading && !isUnknown && error !== null && (
            <CannotLoad onRetry={() => void refetch()} />
          )}
          {isLoading && error === null && <Loading />}
          {isEmpty && !isLoading && (
            <EmptyState model={model} prompts={props.prompts} onPick={send} />
          )}
          {!isEmpty && !isLoading && !isUnknown && (
            <ThreadContext value={context}>
              {Thread && (
                <Thread
                  tree={tree}
                  leaf={leaf}
                  replies={replies}
                  scroller={scroller}
                  keepPosition={keepPosition}
                />
              )}
              {Thread === undefined && <Loading />}
              {Thread === null && <CannotLoad onRetry={reload} />}
              {message !== null && (
                <Optional>
                  <LinkedMessage
                    message={message}
                    visit={props.visit}
                    tree={tree}
                    leaf={leaf}
                    scroller={scroller}
                    onFound={unpin}
                    onSettled={pinAtEnd}
                  />
                </Optional>
              )}
            </ThreadContext>
          )}
        </div>
      </div>
      {!isUnknown && (
        <div className="relative mx-auto w-full max-w-3xl px-4 before:pointer-events-none before:absolute before:inset-x-0 before:bottom-full before:h-6 before:bg-linear-to-t before:from-paper before:to-transparent pb-[max(1rem,env(safe-area-inset-bottom))] sm:px-6">
          {!isPinned && !isEmpty && (
            <JumpToLatest
              onJump={() => {
                pin();
                focusThread(content.current);
              }}
            />
          )}
          <Composer
            draft={draft}
            onDraft={setDraft}
            isRunning={isRunning}
            isReady={!isLoading}
            onSend={send}
            onStop={() => live?.stop()}
          >
            <ModelSelect models={models} chosen={model} onChoose={(id) => change({ model: id })} />
            <SettingsButton settings={settings} onChange={change} />
          </Composer>
        </div>
      )}
      <Announcer status={isAccepted ? status : null} />
    </div>
  );
}

function reload(): void {
  location.reload();
}

/** Whether nothing useful has the focus. Browsers remove it from a disabled text field. */
function isFocusNowhere(): boolean {
  const active = document.activeElement;
  return active === null || active === document.body || active.matches(":disabled");
}

function focusThread(content: Element | null): void {
  focus(content?.querySelector("[data-end]"));
}
