import { type ReactNode, useEffect, useState } from "react";
import type { NewChatRequest } from "../generation/transport";
import { Chat } from "./chat";
import { useModels } from "./composer/use-models";
import type { PendingExchanges } from "./state/pending";
import { NO_SETTINGS, type Settings } from "./state/settings";
import { useConversationId } from "./state/use-conversation-id";
import { useResend } from "./state/use-resend";

interface ChatInterfaceProps {
  /** What runs on the page; it outlives what is shown here. */
  readonly pending: PendingExchanges;
  /** The conversation to show; null: a new chat. */
  readonly conversation: string | null;
  /** The message to show and scroll to; null: the end. */
  readonly message?: string | null;
  /** Changes with each visit: when a new chat is asked for from a new chat, or a message linked to again. */
  readonly visit?: unknown;
  /** Another conversation is to be shown (null: a new chat), or the one that is shown has been started. */
  readonly onConversation: (conversation: string | null) => void;
  readonly onTitle?: (title: string | null) => void;
  /** What a new chat begins with, where nothing else is chosen. */
  readonly settings?: Partial<Settings>;
  /** Questions to begin with; without them, the page's own. */
  readonly prompts?: readonly string[] | undefined;
  /**
   * Whether what is sent and not answered yet when the page is left is asked again when it is loaded anew: for
   * a page that has one chat.
   */
  readonly asksAgain?: boolean;
  /** Drawn at the beginning of the header, and where a new chat has no title yet. */
  readonly leading?: ReactNode;
  readonly brand?: ReactNode;
}

/** The whole chat: a conversation that grows as its replies are written, and the box to go on with. */
export function ChatInterface(props: ChatInterfaceProps) {
  const { pending, conversation, message = null, visit, onConversation } = props;
  const { onTitle = ignore, asksAgain = false } = props;
  const { id, isStartedHere, renew } = useConversationId(pending, conversation, visit);
  const [newSettings, setNewSettings] = useNewSettings(id, isStartedHere, props.settings);
  const [request, setRequest] = useState<NewChatRequest>();
  useResend(pending, conversation, asksAgain, renew);
  const models = useModels();

  useEffect(() => {
    if (conversation === null && isStartedHere) onConversation(id);
  }, [conversation, isStartedHere, id, onConversation]);

  // What begins another conversation is sent once that is shown.
  useEffect(() => {
    if (request === undefined || conversation !== null) return;
    setRequest(undefined);
    if (request.ids.conversation !== id) renew(request.ids.conversation);
    pending.begin(request);
  }, [request, conversation, id, renew, pending]);

  return (
    <Chat
      key={id}
      pending={pending}
      id={id}
      isStarted={conversation !== null || isStartedHere}
      message={message}
      models={models}
      newSettings={conversation === null || isStartedHere ? newSettings : NO_SETTINGS}
      onNewSettings={setNewSettings}
      onNewChat={(begunWith) => {
        setRequest(begunWith);
        if (conversation !== null) onConversation(null);
      }}
      onTitle={onTitle}
      asksAgain={asksAgain}
      prompts={props.prompts}
      visit={visit}
      leading={props.leading}
      brand={props.brand}
    />
  );
}

/** What is chosen for a new chat, until it has started. The model stays chosen for the next one. */
function useNewSettings(id: string, isStartedHere: boolean, given?: Partial<Settings>) {
  const initial = { ...NO_SETTINGS, ...given };
  const [settings, setSettings] = useState(initial);
  const [last, setLast] = useState({ id, isStartedHere });
  if (last.id !== id || last.isStartedHere !== isStartedHere) {
    setLast({ id, isStartedHere });
    const isLeft = last.id !== id && last.isStartedHere;
    if (isLeft) setSettings({ ...initial, model: settings.model });
  }
  return [settings, setSettings] as const;
}

function ignore() {}
