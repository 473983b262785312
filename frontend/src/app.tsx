import { lazy, useCallback, useEffect } from "react";
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
import { usePreferences } from "./preferences/use-preferences";
import { useTheme } from "./preferences/use-theme";
import { conversationPath, NEW_CHAT_PATH, useRoute } from "./route";
import { Mark } from "./ui/mark";
import { Optional } from "./ui/optional";

const SharedPage = lazy(() => import("./chat/shared-page"));

/**
 * The page, with everything concrete that it is made of.
 *
 * @param loaded - the language that it begins in
 */
export function App({ loaded }: { readonly loaded: Language }) {
  const preferences = usePreferences();
  const language = useChosenLanguage(loaded, preferences.language);
  useTheme(preferences.theme);
  useEffect(() => {
    document.documentElement.lang = language.code;
  }, [language]);
  return (
    <LanguageProvider value={language}>
      <ConversationsProvider>
        <Page />
      </ConversationsProvider>
    </LanguageProvider>
  );
}

function Page() {
  const { route, go } = useRoute();
  return route.kind === "shared" ? (
    <Optional lost={<CannotLoad onRetry={() => location.reload()} />}>
      <SharedPage token={route.token} />
    </Optional>
  ) : (
    <Chats route={route} go={go} />
  );
}

interface ChatsProps {
  readonly route: Extract<ReturnType<typeof useRoute>["route"], { kind: "chat" }>;
  readonly go: ReturnType<typeof useRoute>["go"];
}

function Chats({ route, go }: ChatsProps) {
  const transport = usePickedTransport();
  const pending = usePendingExchanges(() => transport);
  const { conversation, message, visit } = route;
  const show = useCallback(
    (id: string | null) => {
      // A new chat that has started is the same visit: the way back does not lead through it.
      const hasStarted = id !== null && conversation === null;
      go(id === null ? NEW_CHAT_PATH : conversationPath(id), { replace: hasStarted });
    },
    [go, conversation],
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

/** The side bar has it already, while it is shown. */
function HeaderBrand() {
  const { isShown, isWide } = useSidebar();
  if (isShown && isWide) return null;
  return (
    <p className="flex items-center gap-2 font-serif text-lead">
      <Mark className="size-6 text-accent" />
      Headwater
    </p>
  );
}

function showTitle(title: string | null): void {
  document.title = title === null || title === "" ? "Headwater" : `${title} · Headwater`;
}
