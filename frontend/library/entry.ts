import "../src/styles.css";

export { ChatInterface, type ChatInterfaceProps } from "../src/embedded/chat-interface";
