import type { RefObject } from "react";
import { useChangeFeed } from "../data/use-change-feed";
import { type EarlyPress, useSidebarShortcuts } from "./use-sidebar-shortcuts";

interface ListenersProps {
  readonly earlyPress: RefObject<EarlyPress | null>;
}

/** Listens to shortcuts, and to what changes on the server. */
export default function Listeners({ earlyPress }: ListenersProps): null {
  useSidebarShortcuts(earlyPress);
  useChangeFeed();
  return null;
}
