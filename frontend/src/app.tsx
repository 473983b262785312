import { ChatInterface } from "./chat/chat-interface";
import { sseTransport } from "./generation/transports/sse";

const transport = sseTransport();

/** The page, with everything concrete that it is made of. */
export function App() {
  return <ChatInterface transport={transport} />;
}
