import { lazy, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLanguage } from "../../language/language-context";
import { untilLoaded } from "../../missing-modules";
import { localStore } from "../../storage";
import type { DialogEvents } from "../../ui/dialog";
import { loadThen } from "../../ui/load-then";
import { Lost } from "../../ui/lost";
import { Optional } from "../../ui/optional-boundary";
import { PortalContainer } from "../../ui/portal-container";
import { useMedia } from "../../ui/use-media";
import { useWindowEvent } from "../../ui/use-window-event";
import { useConversationList } from "../data/use-conversation-list";
import { type LeaveStandIn, standIn } from "../search/stand-in";
import { focusReturn } from "./focus-return";
import { SidebarShortcuts } from "./sidebar-shortcuts";
import { type OpenDialog, SidebarContext, type SidebarState } from "./sidebar-state";

const FOLDED_KEY = "headwater.sidebar";
const WIDE = "(min-width: 48rem)";
const loadSidebar = () => import("./sidebar");
const loadDrawer = () => import("./sidebar-drawer");
const Sidebar = lazy(loadSidebar);
const SidebarDrawer = lazy(loadDrawer);
// Loaded after the first render.
const ChangeListener = lazy(() => untilLoaded(() => import("./change-listener")));
const loadDialog = {
  preferences: () => import("./preferences"),
  share: () => import("./share-dialog"),
  shortcuts: () => import("./shortcuts-dialog"),
};
const ShareDialog = lazy(loadDialog.share);
const Preferences = lazy(loadDialog.preferences);
const ShortcutsDialog = lazy(loadDialog.shortcuts);

/** The page with the side bar, which is beside the page on a wide screen and a drawer over it on a narrow one. */
export function SidebarLayout({ children }: { readonly children: ReactNode }) {
  // Also read while the bar is hidden, because shortcuts use the list.
  useConversationList({ archived: false });
  const state = useSidebarState();
  const { sidebar, dialog, dialogEvents } = state;
  const { isWide, isShown } = sidebar;
  const [hasDrawer, setHasDrawer] = useState(false);
  if (isShown && !isWide && !hasDrawer) setHasDrawer(true);
  useEffect(() => {
    // `Optional` reports a failure when the bar is rendered.
    (isWide ? loadSidebar() : loadDrawer()).catch(() => undefined);
  }, [isWide]);

  const [container, setContainer] = useState<HTMLElement | null>(null);
  return (
    <SidebarContext value={sidebar}>
      <PortalContainer value={container}>
        <div className="flex h-full">
          {isWide && isShown && (
            <div className="w-72 shrink-0 border-r border-line bg-sunken">
              <Optional lost={<Lost text="cannotShowConversations" />}>
                <Sidebar />
              </Optional>
            </div>
          )}
          <main className="h-full min-w-0 flex-1">
            {children}
            {/* Menus and dialogs are children of the main part, because screen readers ignore nodes outside a modal. */}
            <div ref={setContainer} />
          </main>
        </div>
        <SidebarShortcuts />
        <Optional>
          <ChangeListener />
        </Optional>
        <Optional>{!isWide && hasDrawer && <SidebarDrawer />}</Optional>
        <Optional>
          {dialog?.kind === "share" && <ShareDialog id={dialog.id} {...dialogEvents} />}
          {dialog?.kind === "preferences" && <Preferences {...dialogEvents} />}
          {dialog?.kind === "shortcuts" && <ShortcutsDialog {...dialogEvents} />}
        </Optional>
      </PortalContainer>
    </SidebarContext>
  );
}

function useSidebarState() {
  const isWide = useMedia(WIDE);
  const [isFolded, setFolded] = useState(() => localStore.read(FOLDED_KEY) === "folded");
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  const searchBox = useRef<HTMLInputElement>(null);
  const leaveStandIn = useRef<LeaveStandIn>(null);
  const [isArchiveShown, showArchive] = useState(false);
  const [dialog, setDialog] = useState<OpenDialog | null>(null);
  const isToggled = useRef(false);
  const opener = useRef<Element>(null);
  const { say } = useLanguage();
  const isShown = isWide ? !isFolded : isDrawerOpen;

  // Going back or forward in the history closes what is open over the page.
  useWindowEvent("popstate", () => {
    setDrawerOpen(false);
    setDialog(null);
  });

  const show = useCallback(
    (shows: boolean) => {
      if (isWide) {
        setFolded(!shows);
        localStore.write(FOLDED_KEY, shows ? "shown" : "folded");
      } else if (shows) loadThen(loadDrawer, () => setDrawerOpen(true));
      else setDrawerOpen(false);
    },
    [isWide],
  );
  const sidebar: SidebarState = useMemo(
    () => ({
      isWide,
      isShown,
      searchBox,
      leaveStandIn,
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
        const box = searchBox.current;
        box?.focus();
        box?.select();
        if (box === null) {
          leaveStandIn.current ??= standIn(say("searchAll"), () => {
            leaveStandIn.current = null;
          });
        }
      },
      openDialog: (next) => {
        opener.current = document.activeElement;
        setDrawerOpen(false);
        loadThen(loadDialog[next.kind], () => setDialog(next));
      },
    }),
    [isWide, isShown, isArchiveShown, show, say],
  );
  const dialogEvents: DialogEvents = {
    onClose: () => setDialog(null),
    onClosed: (event) => {
      event.preventDefault();
      if (dialog !== null) focusReturn(dialog, opener.current)?.focus();
    },
  };
  return { sidebar, dialog, dialogEvents };
}

/** Removes the focus, so that the message box of the new chat takes it. */
function releaseFocus(): void {
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}
