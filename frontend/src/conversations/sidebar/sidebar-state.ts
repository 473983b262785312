import { createContext, type RefObject, useContext } from "react";

/** What stands over the page. */
export type OpenDialog =
  | { readonly kind: "preferences" }
  | { readonly kind: "shortcuts" }
  | { readonly kind: "share"; id: string };

/** How the side bar stands, and what can be done with it. */
export interface SidebarState {
  /** There is room for the bar beside the page; else it is a drawer over it. */
  readonly isWide: boolean;
  readonly isShown: boolean;
  readonly toggle: () => void;
  /** The button that toggles has given way to its twin elsewhere, which takes the focus over. */
  readonly isToggled: RefObject<boolean>;
  /** Somebody goes on to a page: a drawer closes behind them, a bar beside the page stays. */
  readonly leave: () => void;
  /** Somebody goes on to a new chat: the list that it will stand in is shown, and its box may take the focus. */
  readonly leaveForNewChat: () => void;
  /** The list is that of the archive. */
  readonly isArchiveShown: boolean;
  readonly showArchive: (shows: boolean) => void;
  /** Shows the bar with the cursor in the search box. */
  readonly search: () => void;
  /** Grows with every `search`. */
  readonly searches: number;
  /** Somebody wants to search: whoever draws the box then takes the focus. */
  readonly isSearchAsked: RefObject<boolean>;
  readonly openDialog: (dialog: OpenDialog) => void;
}

export const SidebarContext = createContext<SidebarState | null>(null);

/** The state of the side bar, inside `SidebarLayout`. */
export function useSidebar(): SidebarState {
  const state = useContext(SidebarContext);
  if (state === null) throw new Error("useSidebar needs <SidebarLayout> around it");
  return state;
}
