import { SquarePen } from "lucide-react";
import { type CSSProperties, type ReactNode, useCallback, useMemo, useState } from "react";
import { ServerProvider, useServer } from "../api/server-context";
import { ChatInterface as Chat } from "../chat/chat-interface";
import { usePendingExchanges } from "../chat/state/use-pending-exchanges";
import { ConversationsProvider } from "../conversations/sidebar/conversations-provider";
import { browserEnvironment } from "../generation/transports/environment";
import sseTransport from "../generation/transports/sse";
import { LanguageProvider } from "../language/language-context";
import { useChosenLanguage } from "../language/use-chosen-language";
import { allowBrowserTranslation } from "../ui/browser-translation";
import { IconButton } from "../ui/icon-button";
import { PortalContainer } from "../ui/portal-container";
import { remoteServer } from "./remote-server";

export interface ChatInterfaceProps {
  /**
   * The URL of the server: `/` on the page's own origin, or another origin, which must allow that of the page. A
   * different endpoint is a different chat.
   */
  readonly endpoint: string;
  /** The conversation to show; null: a new chat. By default the chat itself remembers what it shows. */
  readonly conversation?: string | null;
  /** Called when the chat shows another conversation or has started a new one; null: a new chat. */
  readonly onConversation?: (conversation: string | null) => void;
  /** Gets the title of the shown conversation as soon as it has one; null for a new chat. */
  readonly onTitle?: (title: string | null) => void;
  /** The id of the initial model of a new chat; by default the server's default. */
  readonly model?: string;
  /** The system prompt of a new chat. */
  readonly system?: string;
  /** Suggestions for the first message; by default the chat's own. */
  readonly prompts?: readonly string[];
  /** `en`, `de` or `ja`; by default the browser's preference. */
  readonly language?: string;
  /** By default the theme of the system. */
  readonly theme?: "light" | "dark";
  /** Replaces `fetch`, for example to add a header. Must always be the same function. */
  readonly fetch?: typeof fetch;
  /** Shown in the header of a new chat instead of a title. */
  readonly brand?: ReactNode;
  readonly className?: string;
  readonly style?: CSSProperties;
}

/** The whole chat for any page. It fills its container. CSS variables such as `--headwater-accent` set its colours. */
export function ChatInterface(props: ChatInterfaceProps): ReactNode {
  const { endpoint, fetch: send = ownFetch, language: chosen = null, theme } = props;
  const server = useMemo(() => remoteServer(endpoint, send), [endpoint, send]);
  const language = useChosenLanguage(null, chosen);
  const [container, setContainer] = useState<HTMLElement | null>(null);
  const { className = "", style } = props;
  return (
    <div
      ref={translatable}
      className={`headwater ${className}`}
      style={style}
      lang={language?.code}
      data-theme={theme}
      data-testid="headwater"
    >
      {language !== null && (
        <LanguageProvider value={language}>
          <ServerProvider value={server}>
            <PortalContainer value={container}>
              <ConversationsProvider key={endpoint}>
                <Chats {...props} />
              </ConversationsProvider>
            </PortalContainer>
          </ServerProvider>
        </LanguageProvider>
      )}
      <div ref={setContainer} />
    </div>
  );
}

function Chats(props: ChatInterfaceProps) {
  const { conversation, onConversation, onTitle, model = null, system = null } = props;
  const server = useServer();
  const pending = usePendingExchanges(() => sseTransport({ ...browserEnvironment, fetch: server }));
  const [own, setOwn] = useState<string | null>(null);
  const shown = conversation === undefined ? own : conversation;
  const show = useCallback(
    (conversation: string | null) => {
      setOwn(conversation);
      onConversation?.(conversation);
    },
    [onConversation],
  );
  return (
    <Chat
      pending={pending}
      conversation={shown}
      onConversation={show}
      settings={{ model, system }}
      prompts={props.prompts}
      leading={
        shown !== null && (
          <IconButton
            icon={SquarePen}
            text="newChat"
            data-testid="new-chat"
            onClick={() => show(null)}
          />
        )
      }
      brand={props.brand}
      {...(onTitle !== undefined && { onTitle })}
    />
  );
}

const translatable = (root: HTMLElement | null) =>
  root === null ? undefined : allowBrowserTranslation(root);

const ownFetch: typeof fetch = (...args) => fetch(...args);
