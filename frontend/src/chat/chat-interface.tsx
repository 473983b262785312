import { type ReactNode, useEffect, useState } from "react";
import type { ChatRequest } from "../generation/transport";
import { Chat } from "./chat";
import { useModels } from "./composer/use-models";
import type { Turns } from "./state/pending";
import { useTurnsState } from "./state/pending";
import { NO_SETTINGS, type Settings } from "./state/settings";
import { usePlace } from "./state/use-place";
import { useUnanswered } from "./state/use-resend";

interface ChatInterfaceProps {
  /** What runs on the page; it outlives what is shown here. */
  readonly turns: Turns;
  /** The conversation to show; null: a new chat. */
  readonly conversation: string | null;
  /** The message to show and scroll to; null: the end. */
  readonly message?: string | null;
  /** Changes with each visit: when a new chat is asked for from a new chat, or a message linked to again. */
  readonly visit?: unknown;
  /** Another conversation is to be shown (null: a new chat), or the one that is shown now has a name. */
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
  const { turns, conversation, message = null, visit, onConversation } = props;
  const { onTitle = ignore, asksAgain = false } = props;
  const place = usePlace(turns, conversation, visit);
  const { conversations } = useTurnsState(turns);
  const begun = conversations.get(place) ?? null;
  const [newSettings, setNewSettings] = useNewSettings(place, conversations, props.settings);
  const [request, setRequest] = useState<ChatRequest>();
  useUnanswered(turns, place, conversation, asksAgain);
  const models = useModels();

  useEffect(() => {
    if (conversation === null && begun !== null) onConversation(begun);
  }, [conversation, begun, onConversation]);

  // What begins another conversation is asked once its place is there.
  useEffect(() => {
    if (request === undefined || conversation !== null) return;
    setRequest(undefined);
    turns.begin(place, null, request, request.message);
  }, [request, conversation, place, turns]);

  return (
    <Chat
      key={place}
      turns={turns}
      place={place}
      conversation={conversation ?? begun}
      message={message}
      models={models}
      newSettings={conversation === null || begun !== null ? newSettings : NO_SETTINGS}
      onNewSettings={setNewSettings}
      onNewChat={(begunWith) => {
        setRequest(begunWith);
        onConversation(null);
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

/** What is chosen for a new chat, until it has begun. The model stays chosen for the next one. */
function useNewSettings(
  place: string,
  begun: ReadonlyMap<string, string>,
  given?: Partial<Settings>,
) {
  const initial = { ...NO_SETTINGS, ...given };
  const [settings, setSettings] = useState(initial);
  const [last, setLast] = useState(place);
  if (last !== place) {
    setLast(place);
    if (begun.has(last)) setSettings({ ...initial, model: settings.model });
  }
  return [settings, setSettings] as const;
}

function ignore() {}
