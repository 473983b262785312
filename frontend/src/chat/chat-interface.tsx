import { useEffect, useState } from "react";
import type { NewChatRequest } from "../generation/transport";
import { Chat, type ChatOptions } from "./chat";
import { NO_SETTINGS, type Settings } from "./state/settings";
import { useConversationId } from "./state/use-conversation-id";
import { useUnanswered } from "./state/use-unanswered";

interface ChatInterfaceProps extends ChatOptions {
  /** The conversation to show; null: a new chat. */
  readonly conversation: string | null;
  /** Called to show another conversation (null: a new chat), and when a new chat has been started. */
  readonly onConversation: (conversation: string | null) => void;
  /** The initial settings of a new chat. */
  readonly settings?: Partial<Settings>;
  /** Whether an unanswered request is sent again after a reload; only for a page with a single chat. */
  readonly resends?: boolean;
}

/** The whole chat: a conversation or a new chat, with its composer. */
export function ChatInterface(props: ChatInterfaceProps) {
  const { conversation, onConversation, settings, resends = false, ...options } = props;
  const { pending } = options;
  const { id, isStartedHere, renew } = useConversationId(pending, conversation, options.visit);
  const [newSettings, setNewSettings] = useNewSettings(id, isStartedHere, settings);
  const [request, setRequest] = useState<NewChatRequest>();
  useUnanswered(pending, conversation, resends, renew);

  useEffect(() => {
    if (conversation === null && isStartedHere) onConversation(id);
  }, [conversation, isStartedHere, id, onConversation]);

  // A request that starts another conversation is sent once the new chat is shown.
  useEffect(() => {
    if (request === undefined || conversation !== null) return;
    setRequest(undefined);
    if (request.ids.conversation !== id) renew(request.ids.conversation);
    pending.begin(request);
  }, [request, conversation, id, renew, pending]);

  return (
    <Chat
      key={id}
      {...options}
      id={id}
      isStarted={conversation !== null || isStartedHere}
      newSettings={conversation === null || isStartedHere ? newSettings : NO_SETTINGS}
      onNewSettings={setNewSettings}
      onNewChat={(firstRequest) => {
        setRequest(firstRequest);
        if (conversation !== null) onConversation(null);
      }}
    />
  );
}

/** The settings of a new chat until it has started. The next new chat keeps the model. */
function useNewSettings(id: string, isStartedHere: boolean, defaults?: Partial<Settings>) {
  const initial = { ...NO_SETTINGS, ...defaults };
  const [settings, setSettings] = useState(initial);
  const [last, setLast] = useState({ id, isStartedHere });
  if (last.id !== id || last.isStartedHere !== isStartedHere) {
    setLast({ id, isStartedHere });
    const isLeft = last.id !== id && last.isStartedHere;
    if (isLeft) setSettings({ ...initial, model: settings.model });
  }
  return [settings, setSettings] as const;
}
