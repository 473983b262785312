import type { RefObject } from "react";
import { useChangeFeed } from "../data/use-change-feed";
import { useSidebarShortcuts } from "./use-sidebar-shortcuts";

interface ListenersProps {
  /** The last key that was pressed before this was loaded. */
  readonly earlyPress: RefObject<KeyboardEvent | null>;
}

/** Listens to shortcuts, and to what changes on the server. */
export default function Listeners({ earlyPress }: ListenersProps): null {
  useSidebarShortcuts(earlyPress);
  useChangeFeed();
  return null;
}
