import { lazy, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Optional } from "../../ui/optional";
import { PortalPlace } from "../../ui/portal-place";
import { useMedia } from "../../ui/use-media";
import { useParts } from "../../ui/use-parts";
import { useChanges } from "../data/use-change-feed";
import { useConversationList } from "../data/use-conversation-list";
import { focusReturn } from "./focus-return";
import { SidebarLost } from "./sidebar-lost";
import { type OpenDialog, SidebarContext, type SidebarState } from "./sidebar-state";
import { useFolded } from "./use-folded";

const WIDE = "(min-width: 48rem)";
const loadSidebar = () => import("./sidebar");
const loadDrawer = () => import("./sidebar-drawer");
const Sidebar = lazy(loadSidebar);
const SidebarDrawer = lazy(loadDrawer);
// Not needed for the first look at the page, but soon after.
const Shortcuts = lazy(() => import("./shortcuts-listener"));
const loadDialog = {
  preferences: () => import("../../preferences/preferences-dialog"),
  share: () => import("./share-dialog"),
  shortcuts: () => import("./shortcuts-dialog"),
};
const ShareDialog = lazy(loadDialog.share);
const PreferencesDialog = lazy(loadDialog.preferences);
const ShortcutsDialog = lazy(loadDialog.shortcuts);

/**
 * The page with the side bar: beside it where there is room, as a drawer over it where there is not. It
 * keeps the conversations as the server has them, and listens for shortcuts.
 */
export function SidebarLayout({ children }: { readonly children: ReactNode }) {
  useChanges();
  // Read while the bar is hidden too: it is there at once when it is shown, and shortcuts lead through it.
  useConversationList({ archived: false });
  const state = useSidebarState();
  const { sidebar, dialog, closeDialog, goBack } = state;
  const { isWide, isShown } = sidebar;
  const [hasDrawer, setHasDrawer] = useState(false);
  if (isShown && !isWide && !hasDrawer) setHasDrawer(true);
  useEffect(() => {
    // Not needed for the first look at the page, but soon after.
    (isWide ? loadSidebar() : loadDrawer()).catch(ignore);
  }, [isWide]);

  const [place, setPlace] = useState<HTMLElement | null>(null);
  return (
    <SidebarContext value={sidebar}>
      <PortalPlace value={place}>
        <div className="flex h-full">
          {isWide && isShown && (
            <div className="w-72 shrink-0 border-r border-line bg-sunken">
              <Optional lost={<SidebarLost />}>
                <Sidebar />
              </Optional>
            </div>
          )}
          <main className="h-full min-w-0 flex-1">
            {children}
            {/* Menus and dialogs are children of the main part, because screen readers ignore nodes outside a modal. */}
            <div ref={setPlace} />
          </main>
        </div>
        <Optional>
          <Shortcuts />
        </Optional>
        <Optional>{!isWide && hasDrawer && <SidebarDrawer />}</Optional>
        <Optional>
          {dialog?.kind === "share" && <ShareDialog id={dialog.id} onClose={closeDialog} />}
          {dialog?.kind === "preferences" && (
            <PreferencesDialog onClose={closeDialog} onClosed={goBack} />
          )}
          {dialog?.kind === "shortcuts" && (
            <ShortcutsDialog onClose={closeDialog} onClosed={goBack} />
          )}
        </Optional>
      </PortalPlace>
    </SidebarContext>
  );
}

function useSidebarState() {
  const isWide = useMedia(WIDE);
  const [isFolded, fold] = useFolded();
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  const [searches, setSearches] = useState(0);
  const isSearchAsked = useRef(false);
  const [isArchiveShown, showArchive] = useState(false);
  const [dialog, setDialog] = useState<OpenDialog | null>(null);
  const isToggled = useRef(false);
  const opener = useRef<Element>(null);
  const fetchPart = useParts();
  const isShown = isWide ? !isFolded : isDrawerOpen;

  useEffect(() => {
    // The browser's way back or on leads to another page: what stands over this one does not come along.
    const close = () => {
      setDrawerOpen(false);
      setDialog(null);
    };
    addEventListener("popstate", close);
    return () => removeEventListener("popstate", close);
  }, []);

  const show = useCallback(
    (shows: boolean) => {
      if (isWide) fold(!shows);
      else if (shows) fetchPart(loadDrawer, () => setDrawerOpen(true));
      else setDrawerOpen(false);
    },
    [isWide, fold, fetchPart],
  );
  const sidebar: SidebarState = useMemo(
    () => ({
      isWide,
      isShown,
      searches,
      isSearchAsked,
      isToggled,
      toggle: () => {
        isToggled.current = true;
        show(!isShown);
      },
      leave: () => setDrawerOpen(false),
      leaveForNewChat: () => {
        setDrawerOpen(false);
        showArchive(false);
        releaseFocus();
      },
      isArchiveShown,
      showArchive,
      search: () => {
        show(true);
        isSearchAsked.current = true;
        setSearches((before) => before + 1);
      },
      openDialog: (next) => {
        opener.current = document.activeElement;
        setDrawerOpen(false);
        fetchPart(loadDialog[next.kind], () => setDialog(next));
      },
    }),
    [isWide, isShown, searches, isArchiveShown, show, fetchPart],
  );
  const closeDialog = useCallback(() => setDialog(null), []);
  const goBack = useCallback((event: Event) => {
    event.preventDefault();
    focusReturn(opener.current)?.focus();
  }, []);
  return { sidebar, dialog, closeDialog, goBack };
}

/** Gives the focus up, so that the box of the new chat may take it: a person who asks for one will write. */
function releaseFocus(): void {
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}

/** Whoever draws what was fetched in advance meets the same failure, and says so. */
function ignore(): void {}
