import { lazy, useCallback, useEffect } from "react";
import { navigate } from "wouter/use-browser-location";
import { ChatInterface } from "./chat/chat-interface";
import { CannotLoad } from "./chat/conversation-states";
import { usePendingExchanges } from "./chat/state/use-pending-exchanges";
import { usePickedTransport } from "./chat/use-picked-transport";
import { ConversationsProvider } from "./conversations/sidebar/conversations-provider";
import { SidebarButtons } from "./conversations/sidebar/sidebar-buttons";
import { SidebarLayout } from "./conversations/sidebar/sidebar-layout";
import { useSidebar } from "./conversations/sidebar/sidebar-state";
import type { Language } from "./language/language";
import { LanguageProvider } from "./language/language-context";
import { useChosenLanguage } from "./language/use-chosen-language";
import { usePreferences } from "./preferences/preferences";
import { conversationPath, NEW_CHAT_PATH, type Route, useRoute } from "./route";
import { Brand } from "./ui/brand";
import { Optional } from "./ui/optional-boundary";

const SharedPage = lazy(() => import("./chat/shared-page"));

/** @param initialLanguage - already loaded */
export function App({ initialLanguage }: { readonly initialLanguage: Language }) {
  const { language: chosen, theme } = usePreferences();
  const language = useChosenLanguage(initialLanguage, chosen);
  useEffect(() => {
    const { dataset } = document.documentElement;
    if (theme === null) delete dataset.theme;
    else dataset.theme = theme;
  }, [theme]);
  useEffect(() => {
    document.documentElement.lang = language.code;
  }, [language]);
  return (
    <LanguageProvider value={language}>
      <ConversationsProvider>
        <Content />
      </ConversationsProvider>
    </LanguageProvider>
  );
}

function Content() {
  const route = useRoute();
  return route.kind === "shared" ? (
    <Optional lost={<CannotLoad onRetry={() => location.reload()} />}>
      <SharedPage token={route.token} />
    </Optional>
  ) : (
    <Chats {...route} />
  );
}

function Chats({ conversation, message, visit }: Extract<Route, { kind: "chat" }>) {
  const transport = usePickedTransport();
  const pending = usePendingExchanges(() => transport);
  const show = useCallback(
    (id: string | null) => {
      // A started chat replaces the history entry of the new chat.
      const replace = id !== null && conversation === null;
      navigate(id === null ? NEW_CHAT_PATH : conversationPath(id), { replace });
    },
    [conversation],
  );
  return (
    <SidebarLayout>
      <ChatInterface
        pending={pending}
        resends
        conversation={conversation}
        message={message}
        visit={visit}
        onConversation={show}
        onTitle={showTitle}
        leading={<SidebarButtons />}
        brand={<HeaderBrand />}
      />
    </SidebarLayout>
  );
}

/** Not shown while the side bar shows it. */
function HeaderBrand() {
  const { isShown, isWide } = useSidebar();
  return isShown && isWide ? null : <Brand />;
}

function showTitle(title: string | null): void {
  document.title = title === null || title === "" ? "Headwater" : `${title} · Headwater`;
}
