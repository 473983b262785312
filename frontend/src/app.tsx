import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { ChatInterface } from "./chat/chat-interface";
import { SharedPage } from "./chat/shared-page";
import { Turns } from "./chat/turns";
import { ConversationsProvider } from "./conversations/conversations-provider";
import { keys } from "./conversations/keys";
import { useChanges } from "./conversations/use-changes";
import { sseTransport } from "./generation/transports/sse";
import { addressOf, useRoute } from "./route";

/** The page, with everything concrete that it is made of. */
export function App() {
  return (
    <ConversationsProvider>
      <Page />
    </ConversationsProvider>
  );
}

function Page() {
  const { route, go } = useRoute();
  return route.kind === "shared" ? (
    <SharedPage token={route.token} />
  ) : (
    <Chats route={route} go={go} />
  );
}

interface ChatsProps {
  readonly route: Extract<ReturnType<typeof useRoute>["route"], { kind: "chat" }>;
  readonly go: ReturnType<typeof useRoute>["go"];
}

function Chats({ route, go }: ChatsProps) {
  const client = useQueryClient();
  useChanges();
  const [turns] = useState(
    () =>
      new Turns({
        transport: sseTransport(),
        onMoved: (id) => void client.invalidateQueries({ queryKey: keys.one(id) }),
      }),
  );
  const { conversation, message, visit } = route;
  const show = useCallback(
    (id: string | null) => {
      const isNamed = id !== null && conversation === null;
      go(addressOf(id), { replace: isNamed });
    },
    [go, conversation],
  );
  return (
    <div className="flex h-full">
      <ChatInterface
        turns={turns}
        conversation={conversation}
        message={message}
        visit={visit}
        onConversation={show}
        onTitle={showTitle}
      />
    </div>
  );
}

function showTitle(title: string | null): void {
  document.title = title === null || title === "" ? "Headwater" : `${title} · Headwater`;
}
