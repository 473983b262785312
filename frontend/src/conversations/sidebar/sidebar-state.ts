import { createContext, type RefObject, useContext } from "react";
import type { LeaveStandIn } from "../search/stand-in";

export type OpenDialog =
  | { readonly kind: "preferences" }
  | { readonly kind: "shortcuts" }
  | { readonly kind: "share"; id: string };

/** The state and the actions of the side bar. */
export interface SidebarState {
  /** Whether the bar is beside the page; otherwise it is a drawer over it. */
  readonly isWide: boolean;
  readonly isShown: boolean;
  readonly toggle: () => void;
  /** Set when the toggle was pressed, because another toggle then replaces it and takes its focus. */
  readonly isToggled: RefObject<boolean>;
  /** Closes the drawer; a bar beside the page stays. */
  readonly leave: () => void;
  /** Also leaves the archive, and lets the message box take the focus. */
  readonly leaveForNewChat: () => void;
  readonly isArchiveShown: boolean;
  readonly showArchive: (shows: boolean) => void;
  /** Shows the bar and focuses its search box, or a stand-in until it has one. */
  readonly search: () => void;
  readonly searchBox: RefObject<HTMLInputElement | null>;
  /** Ends the stand-in, if there is one. */
  readonly leaveStandIn: RefObject<LeaveStandIn | null>;
  readonly openDialog: (dialog: OpenDialog) => void;
}

export const SidebarContext = createContext<SidebarState | null>(null);

export function useSidebar(): SidebarState {
  const state = useContext(SidebarContext);
  if (state === null) throw new Error("useSidebar needs <SidebarLayout> around it");
  return state;
}
