import { SquarePen } from "lucide-react";
import { type CSSProperties, type ReactNode, useCallback, useMemo, useState } from "react";
import { ServerProvider, useServer } from "../api/server-context";
import { ChatInterface as Chat } from "../chat/chat-interface";
import { usePendingExchanges } from "../chat/state/use-pending-exchanges";
import { ConversationsProvider } from "../conversations/sidebar/conversations-provider";
import { browserEnvironment } from "../generation/transports/environment";
import { sseTransport } from "../generation/transports/sse";
import { LanguageProvider, useLanguage } from "../language/language-context";
import { useChosenLanguage } from "../language/use-chosen-language";
import { IconButton } from "../ui/icon-button";
import { PortalContainer } from "../ui/portal-container";
import { remoteServer } from "./remote-server";

export interface ChatInterfaceProps {
  /**
   * Where the server is: `/` on the page's own origin, or the address of another one, which then has to allow
   * the page's origin. Another endpoint is another chat.
   */
  readonly endpoint: string;
  /** The conversation to show; null is a new chat. Without it the chat itself remembers where it is. */
  readonly conversation?: string | null;
  /** The chat shows another conversation, or the one that was begun has started; null is a new chat. */
  readonly onConversation?: (conversation: string | null) => void;
  /** The title of the conversation that is shown, as soon as it has one; null for a new chat. */
  readonly onTitle?: (title: string | null) => void;
  /** The model that a new chat begins with, as the server names it; without it, the server's default. */
  readonly model?: string;
  /** The system prompt that a new chat begins with. */
  readonly system?: string;
  /** Questions to begin with, instead of the chat's own. */
  readonly prompts?: readonly string[];
  /** `en`, `de` or `ja`; without it, what the browser prefers. */
  readonly language?: string;
  /** Without it, the colours of the system. */
  readonly theme?: "light" | "dark";
  /** What asks the server, for example to add a header. It has to stay the same function. */
  readonly fetch?: typeof fetch;
  /** Drawn in the header of a new chat, which has no title yet. */
  readonly brand?: ReactNode;
  readonly className?: string;
  readonly style?: CSSProperties;
}

/**
 * The whole chat, to be put into any page: it fills what it is put into, in both directions. Its colours are
 * variables of CSS, `--headwater-accent` and so on.
 */
export function ChatInterface(props: ChatInterfaceProps): ReactNode {
  const { endpoint, fetch: reach = ownFetch, language: chosen = null, theme } = props;
  const server = useMemo(() => remoteServer(endpoint, reach), [endpoint, reach]);
  const language = useChosenLanguage(null, chosen);
  const [place, setPlace] = useState<HTMLElement | null>(null);
  const { className = "", style } = props;
  return (
    <div
      className={`headwater ${className}`}
      style={style}
      lang={language?.code}
      data-theme={theme}
      data-testid="headwater"
    >
      {language !== null && (
        <LanguageProvider value={language}>
          <ServerProvider value={server}>
            <PortalContainer value={place}>
              <ConversationsProvider key={endpoint}>
                <Chats {...props} />
              </ConversationsProvider>
            </PortalContainer>
          </ServerProvider>
        </LanguageProvider>
      )}
      <div ref={setPlace} />
    </div>
  );
}

function Chats(props: ChatInterfaceProps) {
  const { conversation: given, onConversation, onTitle, model = null, system = null } = props;
  const server = useServer();
  const pending = usePendingExchanges(() => sseTransport({ ...browserEnvironment, fetch: server }));
  const [own, setOwn] = useState<string | null>(null);
  const shown = given === undefined ? own : given;
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
      leading={shown !== null && <NewChatButton onPress={() => show(null)} />}
      brand={props.brand}
      {...(onTitle !== undefined && { onTitle })}
    />
  );
}

function NewChatButton({ onPress }: { onPress: () => void }) {
  const { say } = useLanguage();
  return (
    <IconButton icon={SquarePen} label={say("newChat")} data-testid="new-chat" onClick={onPress} />
  );
}

const ownFetch: typeof fetch = (...args) => fetch(...args);
